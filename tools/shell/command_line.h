// One line that was typed into the shell, taken apart: what we answer, and where the answer goes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tool::shell {

/// `ps -k | grep kworker`, `log > file`, `foreach bt >> file`, `ps -p < pids`.
struct CommandLine {
    std::vector<std::string> words;  ///< single quotes are kept: they make a selector a regular expression
    std::string pipe;                ///< for /bin/sh, which gets the answer; empty where there is none
    std::string file;                ///< in place of the terminal
    bool append = false;
    std::string input;  ///< each line of that file is more arguments: the command runs once for each
    std::string wrong;  ///< what is wrong with it, as a sentence; then there is no more
};

/// A `|` or `>` counts outside of quotes and parentheses alone, and not in `->`, `||`, `>>=`: they are parts
/// of expressions.
CommandLine parse_line(std::string_view line);

/// The words of a line, with quotes as above; nothing else is special.
std::vector<std::string> split_words(std::string_view line);

}  // namespace tool::shell
