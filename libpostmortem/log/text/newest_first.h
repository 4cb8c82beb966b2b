// Logs that begin with their end: `journalctl -r`, and what the consoles of clouds and log stores export.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "log/text/pstore.h"
#include "log/text/record.h"

namespace postmortem {

/// Tells from a log's first lines which way its clock runs.
class ClockDirection {
  public:
    void read(const LogRecord& record);
    /// Whether nearly every step goes back.
    bool is_backwards() const;

  private:
    std::optional<double> seconds_;
    std::string time_;
    std::size_t back_ = 0, forth_ = 0;
};

/// Its lines, the oldest first; what has no prefix stays behind the line that it follows.
std::vector<LogPiece> oldest_first(std::string_view log, bool bare_dates);

}  // namespace postmortem
