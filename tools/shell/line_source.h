// Where the shell's lines come from: a person at a terminal, or a file.
#pragma once

#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tool::shell {

class LineSource {
  public:
    virtual ~LineSource() = default;
    /// Without its end; nothing at the end of all. An empty line where Ctrl-C took back what was typed.
    virtual std::optional<std::string> next(const std::string& prompt) = 0;
    /// To be offered again, by the up arrow, and in the next session.
    virtual void remember(const std::string& line) = 0;
    virtual std::vector<std::string> history() const = 0;
};

/// What the word at the end of `typed` could be.
using Completer = std::function<std::vector<std::string>(std::string_view typed)>;

/// Lines edited as with readline, by libedit; its history is kept in `history_file`, unless that is empty.
std::unique_ptr<LineSource> terminal_lines(Completer completer, std::filesystem::path history_file);

/// The lines of a stream, which the caller closes. The prompt and what is read go to standard output with
/// `echo`, so that answers have their questions above them.
std::unique_ptr<LineSource> lines_of(std::FILE* stream, bool echo);

/// ~/.local/state/postmortem/history ($XDG_STATE_HOME); empty where there is no home.
std::filesystem::path default_history_file();

}  // namespace tool::shell
