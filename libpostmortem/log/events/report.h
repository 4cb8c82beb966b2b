// The text of one event: its headline and the lines behind it that came from the same context.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "log/events/event_rule.h"

namespace postmortem {

struct ReportLine {
    std::size_t line = 0;  ///< 1-based, in the log
    std::string text;
    std::string plain = {};  ///< where the line went through decode_stacktrace.sh: as it was, without offsets
    std::string source = {};  ///< and the place that it was given
    std::string_view named() const {
        return plain.empty() ? std::string_view(text) : std::string_view(plain);
    }
    bool questionable = false;  ///< "? function": leftovers on the stack
};

struct Report {
    const Trigger* trigger = nullptr;
    const CompiledRule* rule =
        nullptr;                    ///< the first whose head is on the headline; nullptr for an unknown kind
    std::vector<ReportLine> lines;  ///< the headline first
    std::size_t own_lines = 0;      ///< behind these another report begins
    std::size_t named_lines = 0;    ///< those that names are taken from: with contexts, the next report's too
    bool glued_headline = false;    ///< another message begins in the headline's own line
    std::optional<double> seconds;
    std::string time, host;
    std::size_t boot = 0;
    bool proven = false;  ///< by what stood in front of the headline: it is the kernel's

    /// Of a panic that only follows: what is left of the oops in front of it, whose headline is gone.
    std::vector<ReportLine> lost_head;

    std::size_t headline_at = 0;  ///< index of the line that counts as the headline

    const std::string& headline() const { return lines[headline_at].text; }
};

/// The event that a report describes; nothing where its rule needs a line that is not there.
std::optional<LogEvent> make_event(Report report);

}  // namespace postmortem
