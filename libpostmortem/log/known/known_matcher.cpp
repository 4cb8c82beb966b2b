#include "log/known/known_matcher.h"

#include <algorithm>

#include <fmt/format.h>

#include "log/events/gravity.h"

namespace postmortem {
namespace {

Error at_entry(const KnownCrash& entry, const Error& error) {
    return {error.code, fmt::format("{}:{}: {}", entry.file, entry.line, error.message)};
}

std::string_view function_of(const LogFrame& frame) {
    return frame.function;
}

// Each expression in a function further down than the one before.
bool meets_frames(const std::vector<Regex>& wanted, const LogEvent& event) {
    std::vector<std::string_view> functions;
    if (event.ip) functions.push_back(function_of(*event.ip));
    for (const LogFrame& frame : event.frames) functions.push_back(function_of(frame));
    auto next = functions.begin();
    for (const Regex& regex : wanted) {
        next = std::find_if(next, functions.end(),
                            [&](std::string_view function) { return regex.found_in(function); });
        if (next == functions.end()) return false;
        ++next;
    }
    return true;
}

bool meets(const LogEvent& event, const KnownCrash& entry, const KnownMatcher& matcher) {
    const std::vector<std::string>& ids = entry.ids;
    if (!ids.empty() && std::find(ids.begin(), ids.end(), event.id) == ids.end()) return false;
    const bool by_id_alone = !matcher.title && entry.frames.empty() && entry.log.empty();
    if (by_id_alone && id_tells_no_place(event)) return false;
    if (matcher.title && !matcher.title->found_in(event.title)) return false;
    if (matcher.kernel && !matcher.kernel->contains(event.kernel)) return false;
    return meets_frames(matcher.frames, event);
}

}  // namespace

bool id_tells_no_place(const LogEvent& event) {
    const bool has_place = !event.function.empty() || !event.frames.empty() || event.ip;
    return event.corrupted && !has_place && (gravity(event) == Gravity::Fatal || event.stall);
}

LogNotebook::LogNotebook(const std::vector<KnownMatcher>& matchers) {
    for (std::size_t i = 0; i < matchers.size(); ++i) {
        for (const Regex& regex : matchers[i].log) missing_.push_back({i, &regex});
    }
}

void LogNotebook::read(std::string_view line) {
    std::erase_if(missing_, [&](const Wanted& wanted) { return wanted.regex->found_in(line); });
}

bool LogNotebook::has_all(std::size_t entry) const {
    return std::none_of(missing_.begin(), missing_.end(),
                        [&](const Wanted& wanted) { return wanted.entry == entry; });
}

std::optional<std::size_t> find_known(const LogEvent& event, const std::vector<KnownCrash>& entries,
                                      const std::vector<KnownMatcher>& matchers,
                                      const LogNotebook& notebook) {
    for (std::size_t i = 0; i < entries.size(); ++i) {
        if (meets(event, entries[i], matchers[i]) && notebook.has_all(i)) return i;
    }
    return std::nullopt;
}

Result<KnownMatcher> compile_known(const KnownCrash& entry) {
    KnownMatcher matcher;
    std::optional<Error> error;
    const auto compiled = [&](const std::string& pattern, auto keep) {
        auto regex = Regex::compile(pattern);
        if (regex)
            keep(std::move(*regex));
        else if (!error)
            error = regex.error();
    };
    if (!entry.title.empty()) compiled(entry.title, [&](Regex regex) { matcher.title = std::move(regex); });
    for (const std::string& pattern : entry.frames) {
        compiled(pattern, [&](Regex regex) { matcher.frames.push_back(std::move(regex)); });
    }
    for (const std::string& pattern : entry.log) {
        compiled(pattern, [&](Regex regex) { matcher.log.push_back(std::move(regex)); });
    }
    if (!entry.kernel.empty()) {
        auto range = KernelRange::parse(entry.kernel);
        if (range)
            matcher.kernel = std::move(*range);
        else if (!error)
            error = range.error();
    }
    if (error) return fail(at_entry(entry, *error));
    return matcher;
}

}  // namespace postmortem
