// Where a line was printed from: reports of several tasks and CPUs stand between each other.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "log/events/open_report.h"
#include "log/text/record.h"

namespace postmortem {

/// "T123", "C1"; "console" where only a time is known, else "". Lines of one report have one context.
std::string context_of(const LogRecord& record);

/// A headline that alone has kept its prefix, or alone has none, as what is printed past printk: the lines of
/// its report then have another context.
class LostPrefix {
  public:
    /// Whether the line is the report's all the same. `distance`: lines from the headline to it; `is_part`:
    /// it can only stand in a report.
    bool joins(const LogRecord& record, const OpenReport& last, std::size_t distance, bool is_part);
    /// Another report began, or none is open.
    void forget() { context_.reset(); }

  private:
    std::optional<std::string> context_;  // that of the lines that go on
};

}  // namespace postmortem
