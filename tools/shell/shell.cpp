#include "shell/shell.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "commands.h"
#include "crash_options.h"
#include "shell/completion.h"
#include "shell/service.h"

namespace tool::shell {
namespace {

constexpr const char* prompt = "crash> ";
constexpr unsigned deepest_files = 8;  // input files that read input files

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
    return text;
}

std::optional<std::size_t> number(std::string_view text) {
    std::size_t value = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && rest == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

Listener listener_of(Destination& destination) {
    return {[&](std::string_view piece) { return destination.write(piece); },
            [](std::string_view remark) {
                std::fflush(stdout);
                std::fwrite(remark.data(), 1, remark.size(), stderr);
            }};
}

}  // namespace

int Shell::complain(const std::string& sentence) const {
    return Output(stdout, stderr).complain(sentence);
}

Destination::Pager Shell::pager() const {
    winsize size{};
    if (!scroll_ || silent_ || ::isatty(STDOUT_FILENO) == 0 || ::isatty(STDIN_FILENO) == 0 ||
        ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
        return {};
    const char* const wanted = std::getenv("PAGER");
    return {wanted && *wanted ? wanted : "less -E -X", size.ws_row};
}

bool Shell::names_the_dump(const std::string& file) const {
    std::vector<std::filesystem::path> dumps = arguments_.more_parts;
    dumps.emplace_back(arguments_.dump);
    return std::any_of(dumps.begin(), dumps.end(), [&](const std::filesystem::path& dump) {
        std::error_code ignored;
        return !file.empty() && std::filesystem::equivalent(dump, file, ignored);
    });
}

Destination Shell::destination_of(const CommandLine& line) const {
    if (!line.pipe.empty()) return Destination::program(line.pipe);
    if (names_the_dump(line.file))
        return Destination::refused(fmt::format("{}: this is the dump itself; name another file", line.file));
    if (!line.file.empty()) return Destination::file(line.file, line.append);
    return Destination::terminal(pager());
}

int Shell::greet(bool with_banner) {
    Destination destination = Destination::terminal({});
    dump_files_.add(arguments_.dump);
    for (const std::filesystem::path& part : arguments_.more_parts) dump_files_.add(part);
    if (const int exit_code = reader_.start(listener_of(destination)); exit_code != whole_answer)
        return exit_code;
    if (silent_ || !with_banner) return whole_answer;
    destination.write(fmt::format("postmortem {}: `help` lists the commands\n\n", POSTMORTEM_VERSION));
    for (const char* command : {"sys", "set"})
        banner_is_whole_ = ask({command}, destination) == whole_answer && banner_is_whole_;
    destination.write("\n");
    return whole_answer;
}

bool Shell::run(LineSource& lines) {
    bool all_whole = true;
    while (!at_end_) {
        const auto line = lines.next(silent_ ? "" : prompt);
        if (!line) break;
        Interrupts::forget();
        all_whole = run_line(trimmed(*line), lines) == whole_answer && all_whole;
    }
    return all_whole;
}

bool Shell::run_file(const std::string& path, bool echo) {
    struct Closer {
        void operator()(std::FILE* stream) const { std::fclose(stream); }
    };
    const std::unique_ptr<std::FILE, Closer> file(std::fopen(path.c_str(), "re"));
    if (!file) return complain(fmt::format("{}: {}", path, std::strerror(errno))), false;
    if (files_open_ == deepest_files)
        return complain(
                   fmt::format("{}: {} input files that read each other are too many", path, deepest_files)),
               false;
    ++files_open_;
    const bool whole = run(*lines_of(file.get(), echo));
    --files_open_;
    return whole;
}

void Shell::run_rc_file(const std::string& path) {
    in_rc_file_ = true;
    run_file(path, false);
    in_rc_file_ = false;
}

// "!!", "!7", "r", "r 7", "r TEXT": a line of the history; empty where it has none such.
std::string Shell::recalled(std::string_view line, const LineSource& lines) {
    const auto history = lines.history();
    std::string_view which = trimmed(line.substr(1));
    if (history.empty()) return {};
    if (which.empty() || which == "!") return history.back();
    if (const auto index = number(which))
        return *index >= 1 && *index <= history.size() ? history[*index - 1] : std::string();
    const auto found = std::find_if(history.rbegin(), history.rend(),
                                    [&](const std::string& old) { return old.starts_with(which); });
    return found == history.rend() ? std::string() : *found;
}

int Shell::run_line(std::string_view text, LineSource& lines) {
    if (text.empty()) return whole_answer;
    const bool asks_history = text == "r" || text.starts_with("r ") || text == "!!" ||
                              (text.front() == '!' && number(text.substr(1)));
    if (asks_history) {
        const std::string old = recalled(text, lines);
        if (old.empty()) return complain(fmt::format("no earlier line is meant by '{}'", text));
        fmt::print("{}\n", old);
        return run_line(old, lines);
    }
    lines.remember(std::string(text));
    if (text.front() == '#' || text.starts_with("//")) return whole_answer;
    if (text.front() == '!') {
        std::fflush(stdout);
        const std::string command(trimmed(text.substr(1)));
        const char* const shell = std::getenv("SHELL");
        return run_program(!command.empty() ? command : shell && *shell ? shell : "/bin/sh");
    }
    if (text.front() == '<')
        return run_file(std::string(trimmed(text.substr(1))), true) ? whole_answer : partial_answer;
    const CommandLine line = parse_line(aliases_.expand(text));
    if (!line.wrong.empty()) return complain(line.wrong);
    if (line.words.empty()) return complain("a command is wanted before '|' or '>'");
    return line.input.empty() ? run_command(line, lines) : run_for_each_line(line, lines);
}

int Shell::run_command(const CommandLine& line, LineSource& lines) {
    std::fflush(stdout);
    Destination destination = destination_of(line);
    if (!destination.wrong().empty()) return complain(destination.wrong());
    const int exit_code = answer(line.words, lines, destination);
    destination.finish();
    if (exit_code == interrupted) fmt::print("\n");
    if (!destination.wrong().empty()) return std::max(complain(destination.wrong()), exit_code);
    return exit_code;
}

int Shell::run_for_each_line(const CommandLine& line, LineSource& lines) {
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(line.input.c_str(), "re"), std::fclose);
    if (!file) return complain(fmt::format("{}: {}", line.input, std::strerror(errno)));
    int worst = whole_answer;
    const auto arguments = lines_of(file.get(), false);
    while (const auto more = arguments->next("")) {
        CommandLine one = line;
        for (std::string& word : split_words(*more)) one.words.push_back(std::move(word));
        worst = std::max(worst, run_command(one, lines));
        if (worst == interrupted) break;
    }
    return worst;
}

int Shell::answer(const std::vector<std::string>& words, LineSource& lines, Destination& destination) {
    const std::string& name = words.front();
    const std::vector<std::string> rest(words.begin() + 1, words.end());
    if (name == "q") return at_end_ = true, whole_answer;
    if (name == "set") return set(rest, destination);
    if (name == "alias") return alias(rest, destination);
    if (name == "extend") return extend(rest, destination);
    if (name == "help") return help(rest, destination);
    if (name == "repeat") return repeat(rest, lines, destination);
    if (const auto why = why_no_command(name); why && !extensions_.contains(name)) return complain(*why);
    if (name == "history") {
        std::size_t index = 0;
        for (const std::string& line : lines.history())
            if (!destination.write(fmt::format("[{}] {}\n", ++index, line))) break;
        return whole_answer;
    }
    if (const auto extension = extensions_.find(name); extension != extensions_.end()) {
        CommandLine line;
        line.words = split_words(extension->second.command + " --json");
        line.pipe = extension->second.program;
        for (const std::string& word : rest) line.pipe += fmt::format(" '{}'", word);
        return run_command(line, lines);
    }
    return ask(words, destination);
}

// What was read before a file was written anew does not fit to what is read since.
int Shell::ask(const std::vector<std::string>& words, Destination& destination) {
    for (const std::string& path : dump_files_.newly_changed())
        complain(
            fmt::format("{}: the file has changed since it was opened, and answers may mix what it was and "
                        "what it is; leave with `q` and open it again",
                        path));
    const int exit_code = ask_reader(words, destination);
    return dump_files_.any_changed() ? std::max(exit_code, +partial_answer) : exit_code;
}

int Shell::ask_reader(const std::vector<std::string>& words, Destination& destination) {
    std::vector<std::string> all = words;
    const Command* const command = find_command(words.front());
    if (command && runs_alone(*command)) {
        all.erase(all.begin());
        const bool named = std::any_of(all.begin(), all.end(),
                                       [](const std::string& word) { return word.starts_with("--context"); });
        if (takes_context(*command) && !named && !reader_.context().empty())
            all.insert(all.begin(), "--context=" + reader_.context());
        return reader_.run_alone(*command, std::move(all), listener_of(destination));
    }
    std::string bytes = reader_.context() + '\0' + std::to_string(radix_);
    for (const std::string& word : all) (bytes += '\0') += word;
    return reader_.ask(FrameKind::Command, bytes, listener_of(destination));
}

std::vector<std::string> Shell::complete(std::string_view typed) {
    std::vector<std::string> more = aliases_.names();
    for (const char* name : {"alias", "extend", "help", "repeat", "history", "q"}) more.emplace_back(name);
    for (const auto& [name, extension] : extensions_) more.push_back(name);
    auto words = known_words(typed, more);
    if (!words.empty() || last_word(typed).data() == typed.data()) return words;
    std::string lines;
    const Listener listener{[&](std::string_view piece) { return lines += piece, true; },
                            [](std::string_view) {}};
    if (reader_.ask(FrameKind::Complete, typed, listener) != whole_answer) return {};
    for (std::string_view rest = lines; !rest.empty();) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        words.emplace_back(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return words;
}

}  // namespace tool::shell
