// The parts of dates and clocks, as loggers write them.
#pragma once

#include <string_view>

#include "log/text/cursor.h"

namespace postmortem {

/// "12.345678": whole seconds and 3 to 9 digits behind the point; `seconds` stays where there is none.
bool take_seconds(Cursor& cursor, double& seconds);

/// "HH:MM:SS", with a fraction and a zone where they follow; dmesg -H leaves the seconds out.
bool take_clock(Cursor& cursor);
/// "UTC", "CEST"
bool take_zone(Cursor& cursor);
bool take_digits(Cursor& cursor, std::size_t least, std::size_t most);
/// Seconds since 1970, in this century, with a fraction: journalctl -o short-unix.
bool take_epoch(Cursor& cursor);
/// A month's short name in any language of the table.
bool take_month(Cursor& cursor);

/// The times in front of one line. Dates of any shape of the table are looked for only once at each place:
/// many shapes begin with one.
class LineTimes {
  public:
    bool take_date(Cursor& cursor);
    bool take_seconds(Cursor& cursor) { return postmortem::take_seconds(cursor, seconds_); }
    bool take_delta(Cursor& cursor) { return postmortem::take_seconds(cursor, delta_); }

    /// What was taken last: a date without the zone behind it, and the two clocks of printk.
    std::string_view date() const { return date_; }
    double seconds() const { return seconds_; }
    double delta() const { return delta_; }

  private:
    const char* asked_ = nullptr;
    std::string_view date_;   // what was found there, empty for nothing
    std::size_t length_ = 0;  // with the zone behind it
    double seconds_ = 0, delta_ = 0;
};

}  // namespace postmortem
