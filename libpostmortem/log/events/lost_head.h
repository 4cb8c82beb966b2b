// An oops whose first lines are gone: a ring buffer that wrapped, one part of several in pstore. Its
// registers and its trace still say where it was, if the panic behind it says that there was one.
#pragma once

#include <string_view>
#include <vector>

#include "log/events/report.h"
#include "log/text/record.h"

namespace postmortem {

/// Gathers lines outside of any report that can only stand in one. Bounded.
class LostHead {
  public:
    /// `is_part`: the line can only stand in a report.
    void read(const LogRecord& record, bool is_part);
    bool is_reading() const { return room_ != 0; }
    /// A report with a headline began, or another boot did.
    void forget();
    /// What was gathered; it is forgotten.
    std::vector<ReportLine> take();

  private:
    std::vector<ReportLine> lines_;
    std::size_t room_ = 0;  // for lines behind the last that can only stand in a report
};

/// Whether a panic says nothing but that an oops stands in front of it.
bool follows_an_oops(const CompiledRule& panic);

/// The place, the task, the registers and the trace that the lines tell of, where the event has none.
void read_lost_head(std::vector<ReportLine> lines, LogEvent& event);

}  // namespace postmortem
