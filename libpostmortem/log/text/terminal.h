// What a log may hold for the eyes of a terminal alone.
#pragma once

#include <string>
#include <string_view>

namespace postmortem {

/// Copies a line to `out` without its terminal sequences: CSI, OSC and those of two characters (ECMA-48).
void without_terminal_sequences(std::string_view line, std::string& out);

/// The same where control characters are written out: "^[[32m" by cat -v and pagers, "^M" at the
/// end. False, with `out` unchanged, where there are none.
bool without_shown_controls(std::string_view line, std::string& out);

}  // namespace postmortem
