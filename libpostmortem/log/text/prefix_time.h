// The parts of dates and clocks, as loggers write them.
#pragma once

#include <optional>
#include <string_view>

#include "log/text/cursor.h"

namespace postmortem {

/// "12.345678": whole seconds and 3 to 9 digits behind the point.
std::optional<double> take_seconds(Cursor& cursor);

/// "HH:MM:SS", with a fraction and a zone where they follow; dmesg -H leaves the seconds out.
bool take_clock(Cursor& cursor);
/// "UTC", "CEST"
bool take_zone(Cursor& cursor);
bool take_digits(Cursor& cursor, std::size_t least, std::size_t most);
/// Seconds since 1970, in this century, with a fraction: journalctl -o short-unix.
bool take_epoch(Cursor& cursor);
/// A month's short name in any language of the table.
bool take_month(Cursor& cursor);

/// Finds dates of any shape of the table in one line, and each place's only once: many shapes begin with one.
class DateFinder {
  public:
    bool take(Cursor& cursor);
    bool take(Cursor&& cursor) { return take(cursor); }
    /// What take() took last, but for the zone behind it.
    std::string_view time() const { return time_; }

  private:
    const char* asked_ = nullptr;
    std::string_view time_;   // what was found there, empty for nothing
    std::size_t length_ = 0;  // with the zone behind it
};

}  // namespace postmortem
