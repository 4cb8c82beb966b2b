// Check results as JUnit XML, the one format that every CI system reads.
#include <algorithm>

#include <fmt/format.h>

#include <postmortem/known_crashes.h>

#include "base/text.h"

namespace postmortem {
namespace {

// Text from a log inside XML: control characters are made visible first, for XML 1.0 allows them in no form.
std::string xml(std::string_view text) {
    std::string out;
    for (const char c : escaped(text, true)) {
        switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            default: out.push_back(c);
        }
    }
    return out;
}

std::string describe_event(const LogEvent& event, const KnownCrash* entry) {
    std::string text = fmt::format("{} [{}] line {}", event.title, event.id, event.line);
    if (!event.kernel.empty()) text += ", kernel " + event.kernel;
    if (entry && entry->verdict == Verdict::Fixed) text += "; marked as fixed";
    if (entry && !entry->link.empty()) text += ", " + entry->link;
    if (entry && !entry->note.empty()) text += ", " + entry->note;
    return text;
}

// The event that a test case's message is about: the first of the outcome that the case has.
std::string message_of(const CheckResult& result, const KnownCrashes& known) {
    for (const CheckedEvent& checked : result.events) {
        if (checked.outcome != result.outcome) continue;
        const KnownCrash* entry = checked.entry ? &known.entries()[*checked.entry] : nullptr;
        return describe_event(result.analysis.events[checked.event], entry);
    }
    return {};
}

std::string body_of(const CheckResult& result, const KnownCrashes& known) {
    std::string text;
    for (const CheckedEvent& checked : result.events) {
        const KnownCrash* entry = checked.entry ? &known.entries()[*checked.entry] : nullptr;
        const LogEvent& event = result.analysis.events[checked.event];
        text += fmt::format("{}: {}\n", to_string(checked.outcome), describe_event(event, entry));
        for (const std::string& function : event.signature_frames) text += "    " + function + "\n";
    }
    return text;
}

std::string test_case(const CheckResult& result, const KnownCrashes& known) {
    std::string inside;
    switch (result.outcome) {
        case CheckOutcome::NoCrash: break;
        case CheckOutcome::Known:
            inside = fmt::format("<skipped message=\"{}\"/>", xml(message_of(result, known)));
            break;
        case CheckOutcome::New:
            inside = fmt::format("<failure message=\"{}\" type=\"new\">{}</failure>",
                                 xml(message_of(result, known)), xml(body_of(result, known)));
            break;
        case CheckOutcome::Unusable:
            inside = fmt::format("<error message=\"{}\" type=\"unusable\"/>",
                                 xml(result.error ? result.error->message : std::string()));
            break;
    }
    const std::string name = xml(result.source);
    if (inside.empty())
        return fmt::format("    <testcase classname=\"postmortem.check\" name=\"{}\"/>\n", name);
    return fmt::format(
        "    <testcase classname=\"postmortem.check\" name=\"{}\">\n      {}\n    </testcase>\n", name,
        inside);
}

}  // namespace

std::string to_junit(std::span<const CheckResult> results, const KnownCrashes& known) {
    const auto count = [&](CheckOutcome outcome) {
        return std::count_if(results.begin(), results.end(),
                             [&](const CheckResult& result) { return result.outcome == outcome; });
    };
    const std::string totals =
        fmt::format("tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\"", results.size(),
                    count(CheckOutcome::New), count(CheckOutcome::Unusable), count(CheckOutcome::Known));
    std::string out = fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {0}>\n  <testsuite name=\"postmortem "
        "check\" {0}>\n",
        totals);
    for (const CheckResult& result : results) out += test_case(result, known);
    out += "  </testsuite>\n</testsuites>\n";
    return out;
}

}  // namespace postmortem
