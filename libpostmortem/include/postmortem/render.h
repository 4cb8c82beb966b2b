// Prints answers: as text in crash's layout, or as JSON (docs/json.md). Text from the dump is escaped.
#pragma once

#include <string>
#include <string_view>

#include <postmortem/backtrace.h>
#include <postmortem/error.h>
#include <postmortem/task_list.h>

namespace postmortem {

std::string to_text(const TaskList& list);
std::string to_json(const TaskList& list);

/// Nothing separates the backtraces but an empty line, as in crash.
std::string to_text(const BacktraceList& list);
std::string to_json(const BacktraceList& list);

/// An error as one sentence: the message, and the address that it concerns.
std::string describe(const Error& error);

/// Control characters and bytes that are no UTF-8 become \xNN; tabs and newlines stay.
std::string escape_for_terminal(std::string_view text);

}  // namespace postmortem
