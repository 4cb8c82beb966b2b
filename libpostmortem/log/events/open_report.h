// A report whose lines are still coming in, and how they are put together once it is closed.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "log/events/report.h"
#include "log/events/stored_lines.h"
#include "log/text/record.h"

namespace postmortem {

struct OpenReport {
    std::size_t start = 0;  ///< the headline's place among all stored lines
    Report report;          ///< everything but the lines
    std::string context;    ///< that of the headline: StoredLine::context
    std::size_t lines_in_context = 0;
    std::size_t end_seen = 0;  ///< place of the headline that ended it, 0 while none has
    std::size_t end = 0;       ///< place behind the last line it may have, once it is closed
    bool ended_by_trace = false;
    bool told_late = false;             ///< the log's clock stood far behind the headline's already
    std::optional<unsigned> die_count;  ///< of the "[#n]" line that it has had
};

/// Whether a context is that of one task or CPU, and not of whoever prints to the console.
bool names_context(std::string_view context);

/// Whether a die() may belong to it. Reports of the other kinds end without one: an oops behind one is
/// another event.
bool may_die(const Report& report);

/// Whether it is of another watchdog than a headline of that class: each looks for itself.
bool tells_of_another_stall(const Report& report, EventClass event_class);

/// Whether it tells of a bad address whose oops is missing, and the record is that oops: drivers may talk
/// between the two, for as many lines as `lines_to_oops`.
bool awaits_oops(const OpenReport& open, const LogRecord& record);
inline constexpr std::size_t lines_to_oops = 400;

/// The lines of the report's own context. Where the log names no contexts, another headline ends them; when a
/// report asks all CPUs for their stacks, theirs belong to it too. None of its lines is forgotten yet.
Report assemble(const OpenReport& closed, const StoredLines& stored);

}  // namespace postmortem
