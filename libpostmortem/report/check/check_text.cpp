// `check` as text: a line for each input, and one for each event in it that counts.
#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include <postmortem/render.h>

#include "base/text.h"

namespace postmortem {
namespace {

std::string entry_words(const KnownCrash& entry) {
    std::string text = fmt::format("{}:{}", escaped(entry.file), entry.line);
    if (entry.verdict == Verdict::Fixed) text += ", marked as fixed";
    if (!entry.link.empty()) text += ", " + escaped(entry.link);
    if (!entry.note.empty()) text += ", " + escaped(entry.note);
    return text;
}

void append(std::string& out, const CheckResult& result, const KnownCrashes& known) {
    auto end = std::back_inserter(out);
    fmt::format_to(end, "{:<9} {}{}\n", to_string(result.outcome), escaped(result.source),
                   result.error ? ": " + escaped(describe(*result.error)) : "");
    for (const CheckedEvent& checked : result.events) {
        const LogEvent& event = result.analysis.events[checked.event];
        fmt::format_to(end, "  {:<7} {}  {}\n", to_string(checked.outcome), event.id, escaped(event.title));
        if (checked.entry)
            fmt::format_to(end, "          {}\n", entry_words(known.entries()[*checked.entry]));
    }
}

}  // namespace

std::string to_text(std::span<const CheckResult> results, const KnownCrashes& known) {
    std::string out;
    for (const CheckResult& result : results) append(out, result, known);
    const auto count = [&](CheckOutcome outcome) {
        return std::count_if(results.begin(), results.end(),
                             [&](const CheckResult& result) { return result.outcome == outcome; });
    };
    return out + fmt::format("{} without a crash, {} known, {} new, {} unusable\n",
                             count(CheckOutcome::NoCrash), count(CheckOutcome::Known),
                             count(CheckOutcome::New), count(CheckOutcome::Unusable));
}

}  // namespace postmortem
