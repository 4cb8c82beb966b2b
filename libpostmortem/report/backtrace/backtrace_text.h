// `bt` as crash 9 prints it, to the column. Where crash has no word for a thing: a frame that is a guess has
// a
// `?` before its function.
#pragma once

#include <string>

#include <postmortem/backtrace.h>

namespace postmortem {

/// Appends one backtrace.
void append_text(std::string& out, const Backtrace& trace);

}  // namespace postmortem
