// Backtraces as JSON, piece by piece: a document of tens of thousands of them is never held as a whole.
#pragma once

#include <string>

#include <postmortem/backtrace.h>

namespace postmortem {

/// Appends one backtrace as an entry of the document's list.
void append_json(std::string& out, const Backtrace& trace, bool first);
/// Appends the end of the document.
void append_json_end(std::string& out, const Problems& problems, bool empty);

}  // namespace postmortem
