// Whether something occurs in a backtrace: `bt -R`.
#pragma once

#include <string>

#include <postmortem/backtrace.h>

namespace postmortem {

/// `reference` is the name of a frame's function, or in hexadecimal the address of a frame, the value of a
/// register, or a word of what else is shown of the stack.
bool refers_to(const Backtrace& trace, const std::string& reference);

}  // namespace postmortem
