// Backtraces one by one, and whole lists through the same.
#include <postmortem/render.h>

#include "output/json.h"
#include "output/shared_fields.h"
#include "report/backtrace/backtrace_text.h"

namespace postmortem {

void describe(Describer<BacktraceList>& list);

namespace {

std::string write(const BacktraceList& list, BacktraceWriter::Format format) {
    BacktraceWriter writer(format);
    std::string out;
    for (const Backtrace& trace : list.backtraces) out += writer.add(trace);
    return out += writer.finish(list.problems);
}

}  // namespace

std::string BacktraceWriter::add(const Backtrace& trace) {
    constexpr std::size_t usual_length = 2048;
    std::string out;
    out.reserve(usual_length);
    if (format_ == Format::Json) {
        append_json_item(out, description<BacktraceList>(), &trace, first_);
    } else if (format_ == Format::Ndjson) {
        out += json_line(description<Backtrace>(), &trace) + '\n';
    } else {
        if (!first_ && !how_.blank_line_after) out += '\n';
        append_text(out, trace, how_);
        if (how_.blank_line_after) out += '\n';
    }
    first_ = false;
    return out;
}

std::string BacktraceWriter::finish(const Problems& problems) {
    std::string out;
    const BacktraceList rest{{}, problems};
    if (format_ == Format::Json) append_json_end(out, description<BacktraceList>(), &rest, first_);
    return out;
}

std::string to_text(const BacktraceList& list) {
    return write(list, BacktraceWriter::Format::Text);
}

std::string to_json(const BacktraceList& list) {
    return write(list, BacktraceWriter::Format::Json);
}

std::string to_ndjson(const BacktraceList& list) {
    return write(list, BacktraceWriter::Format::Ndjson);
}

}  // namespace postmortem
