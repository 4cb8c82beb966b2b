// What a log may hold for the eyes of a terminal alone.
#pragma once

#include <string>
#include <string_view>

namespace postmortem {

/// Copies a line to `out` without its terminal sequences: CSI, OSC and those of two characters (ECMA-48).
void without_terminal_sequences(std::string_view line, std::string& out);

/// Without a carriage return that is written out at the line's end: "^M" by cat -v, "#015" by rsyslog.
std::string_view without_shown_return(std::string_view line);

/// The same where control characters are written out: "^[[32m" by cat -v and pagers, and carriage
/// returns at the end. False, with `out` unchanged, where there are none.
bool without_shown_controls(std::string_view line, std::string& out);

}  // namespace postmortem
