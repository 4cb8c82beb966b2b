// Line editing: libedit, by the interface that it shares with readline.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <editline/readline.h>

#include "shell/completion.h"
#include "shell/line_source.h"
#include "shell/reader.h"

namespace tool::shell {
namespace {

constexpr int longest_history = 2000;

// libedit calls back without a place for an argument.
Completer completer_in_use;
std::vector<std::string> candidates;

char* next_candidate(const char*, int state) {
    static std::size_t index = 0;
    if (state == 0) index = 0;
    return index < candidates.size() ? ::strdup(candidates[index++].c_str()) : nullptr;
}

char** complete(const char* word, int, int end) {
    const std::string_view line(rl_line_buffer);
    candidates =
        completer_in_use(line.substr(0, std::min<std::size_t>(static_cast<std::size_t>(end), line.size())));
    rl_attempted_completion_over = 1;  // no names of files
    return candidates.empty() ? nullptr : rl_completion_matches(word, next_candidate);
}

class TerminalLines final : public LineSource {
  public:
    TerminalLines(Completer completer, std::filesystem::path history_file)
        : history_file_(std::move(history_file)) {
        completer_in_use = std::move(completer);
        static char name[] = "postmortem";
        static char breaks[] = " \t|>";
        rl_readline_name = name;
        rl_completer_word_break_characters = breaks;
        rl_attempted_completion_function = complete;
        using_history();
        stifle_history(longest_history);
        if (!history_file_.empty()) read_history(history_file_.c_str());
    }
    TerminalLines(const TerminalLines&) = delete;
    TerminalLines& operator=(const TerminalLines&) = delete;
    ~TerminalLines() override {
        if (history_file_.empty()) return;
        std::error_code unmade;
        std::filesystem::create_directories(history_file_.parent_path(), unmade);
        write_history(history_file_.c_str());
    }

    std::optional<std::string> next(const std::string& prompt) override {
        Interrupts::forget();
        char* const typed = readline(prompt.c_str());
        if (!typed) {
            if (!Interrupts::seen()) return std::nullopt;
            std::puts("");  // what was typed stays where it is
            return "";
        }
        std::string line(typed);
        std::free(typed);
        return line;
    }
    void remember(const std::string& line) override {
        if (const HIST_ENTRY* last = history_get(history_base + history_length - 1);
            !last || line != last->line)
            add_history(line.c_str());
    }
    std::vector<std::string> history() const override {
        std::vector<std::string> lines;
        for (int i = 0; i < history_length; ++i)
            if (const HIST_ENTRY* entry = history_get(history_base + i)) lines.emplace_back(entry->line);
        return lines;
    }

  private:
    std::filesystem::path history_file_;
};

}  // namespace

std::unique_ptr<LineSource> terminal_lines(Completer completer, std::filesystem::path history_file) {
    return std::make_unique<TerminalLines>(std::move(completer), std::move(history_file));
}

}  // namespace tool::shell
