// Which events of a log are shown, and in which order the pieces come.
#include <algorithm>

#include <fmt/format.h>

#include <postmortem/render.h>
#include <postmortem/render_oom.h>

namespace postmortem {
namespace {

using Which = OomEventRequest::Which;
using Format = OomEventRequest::Format;

// Tells whether the wanted column is one that the event has.
bool has_column(const OomEvent& event, const std::string& column) {
    const auto& columns = event.task_table.columns;
    return column == "pid" || std::find(columns.begin(), columns.end(), column) != columns.end();
}

}  // namespace

std::string OomEventPrinter::add(OomEvent event) {
    ++found_;
    switch (request_.which) {
        case Which::Tree: tree_.add(event); return {};
        case Which::All: return show(event, found_);
        case Which::Number: return request_.number == found_ ? show(event, found_) : std::string();
        case Which::Last:
        case Which::ListAndLast: break;
    }
    std::string out;
    if (request_.which == Which::ListAndLast && kept_) out = list(*kept_, found_ - 1);
    kept_ = std::move(event);
    return out;
}

bool OomEventPrinter::complete() const {
    return request_.which == Which::Number && found_ >= request_.number && request_.format != Format::Json;
}

std::string OomEventPrinter::finish(const Problems& problems, const OomState* state, std::string_view shape) {
    if (request_.which == Which::Tree) return show_tree(problems, state);
    std::string out;
    if (kept_) {
        if (request_.which == Which::ListAndLast && found_ > 1)
            out = list(*kept_, found_) + "\n--event N shows another than the last, --event all every one\n\n";
        out += show(*kept_, found_);
    }
    if (request_.format == Format::Json) out += json_.finish(found_, problems, state, shape);
    if (text() && state) {
        out += found_ == 0 ? "There is no OOM event in the log.\n\n" : "\n\n";
        out += to_text(*state, request_.text);
    }
    return out;
}

std::string OomEventPrinter::show(const OomEvent& event, std::size_t number) {
    const OomVerdict verdict = explain(event);
    gaps_ = gaps_ || !event.problems.empty();
    sortable_ = sortable_ || has_column(event, request_.text.sort_by);
    if (request_.format == Format::Ndjson) return to_json(event, verdict, number) + '\n';
    if (request_.format == Format::Json) return json_.add(event, verdict, number);
    return (shown_++ != 0 ? "\n\n" : "") + to_text(event, verdict, number, request_.text);
}

std::string OomEventPrinter::show_tree(const Problems& problems, const OomState* state) const {
    if (!state) return text() ? to_text(tree_.finish()) : to_json(tree_.finish());
    if (!state->cgroups) {
        if (text()) return {};
        CgroupTree unread;
        unread.problems = problems;
        return to_json(unread);
    }
    CgroupTreeStyle style;
    style.bars = request_.text.bars;
    return text() ? to_text(*state->cgroups, style) : to_json(*state->cgroups);
}

std::string OomEventPrinter::list(const OomEvent& event, std::size_t number) const {
    return one_line(event, explain(event), number);
}

}  // namespace postmortem
