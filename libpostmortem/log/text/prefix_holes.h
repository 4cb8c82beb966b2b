// The holes of the shapes' patterns: which text each takes, and what a record learns from it.
#pragma once

#include <cstdint>
#include <string_view>

#include "log/text/cursor.h"
#include "log/text/prefix_time.h"
#include "log/text/record.h"

namespace postmortem {

enum class Hole : std::uint8_t {
    Literal,
    Blanks,
    AnyBlanks,
    Seconds,
    Delta,
    Usec,
    Date,
    Clock,
    Year,
    TwoDigits,
    Day,
    Month,
    Epoch,
    Zone,
    Host,
    Program,
    Tag,
    StrictTag,
    Kernel,
    Priority,
    Level,
    Facility,
    Letter,
    Cpu,
    Pid,
    Task,
    Caller,
    Word,
    Number,
    Release,
    Flags,
    Structured,
    LogTag,
    NoHexDump,
    Path,
    Object,
    End,
};

/// Takes what belongs in the hole off the cursor; `next` is the character behind the hole, where it ends
/// there.
bool take_seldom_hole(Hole hole, char next, Cursor& cursor, LineTimes& times);

inline bool take_hole(Hole hole, char next, Cursor& cursor, LineTimes& times) {
    if (hole == Hole::Seconds) return times.take_seconds(cursor);  // nearly every line of most logs
    if (hole != Hole::Blanks) return take_seldom_hole(hole, next, cursor, times);
    const bool any = is_blank(cursor.peek());
    cursor.skip_blanks();
    return any;
}

/// Whether a record has a field for it.
bool tells_something(Hole hole);
void tell(Hole hole, std::string_view text, const LineTimes& times, LogRecord& record);

}  // namespace postmortem
