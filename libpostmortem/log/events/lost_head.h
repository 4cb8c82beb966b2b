// A report whose first lines are gone: a ring buffer that wrapped, one part of several in pstore, a daemon
// that keeps the gravest lines elsewhere. Its registers and its trace still say where it was, if its end or
// the panic behind it says that there was one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "log/events/report.h"
#include "log/text/record.h"

namespace postmortem {

/// Gathers lines outside of any report that can only stand in one. Bounded.
class LostHead {
  public:
    /// `is_part`: the line can only stand in a report. `ends_trace`: it is a report's last.
    void read(const LogRecord& record, bool is_part, bool ends_trace);
    bool is_reading() const { return room_ != 0; }
    /// Whether a report has ended, and no panic came that follows from it.
    bool is_over() const { return has_ended_ && room_ == 0; }
    /// A report with a headline began, or another boot did.
    void forget();
    /// A message of one line came, or a headline that was told before: a report that begins at once is its.
    void follow_message();
    /// What was gathered; it is forgotten.
    std::vector<ReportLine> take();
    /// The event that a report without its first lines tells of; it is forgotten. Nothing where its end was
    /// not seen, and where the lines name no task or no place.
    std::optional<LogEvent> take_event(std::size_t boot);

  private:
    std::vector<ReportLine> lines_;
    std::size_t room_ = 0;  // for lines behind the last that can only stand in a report
    bool has_ended_ = false;
    std::size_t lines_to_follow_ = 0;  // in which a report may begin that is another event's
    bool is_anothers_ = false;
    std::optional<double> seconds_;  // of the first line
    std::string time_, host_;
};

/// Whether a panic says nothing but that an oops stands in front of it.
bool follows_an_oops(const CompiledRule& panic);

/// The place, the task, the registers and the trace that the lines tell of, where the event has none.
void read_lost_head(std::vector<ReportLine> lines, LogEvent& event);

}  // namespace postmortem
