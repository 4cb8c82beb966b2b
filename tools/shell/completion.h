// What a word that is typed could become.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <postmortem/crash_dump.h>

namespace tool::shell {

/// By the dump: symbols, types or names of tasks, as the command before the word wants them; one a line.
std::string completions(const postmortem::CrashDump& dump, std::string_view typed);

/// Without a dump: names of commands (`more_commands` among them), their options, variables of `set`.
/// Nothing where only the dump can tell.
std::vector<std::string> known_words(std::string_view typed, const std::vector<std::string>& more_commands);

/// The last word of what is typed.
std::string_view last_word(std::string_view typed);

}  // namespace tool::shell
