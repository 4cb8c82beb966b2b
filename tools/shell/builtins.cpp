// What the shell answers by itself.
#include <algorithm>
#include <optional>
#include <string_view>

#include <fmt/format.h>
#include <unistd.h>

#include "commands.h"
#include "shell/shell.h"

namespace tool::shell {
namespace {

constexpr std::size_t names_per_line = 6;

// Those of crash's that are not here, lest one be taken for the name of a task.
constexpr std::string_view crash_variables[] = {
    "CRASHPAGER", "console",   "core",    "crash_path",  "data_debug",   "debug",
    "dumpfile",   "edit",      "emacs",   "error",       "gdb",          "hash",
    "namelist",   "null-stop", "offline", "print_array", "print_max",    "redzone",
    "refresh",    "scope",     "unwind",  "vi",          "zero_excluded"};

std::string on_or_off_word(bool on) {
    return on ? "on" : "off";
}

std::optional<bool> truth_of(std::string_view word) {
    if (word == "on" || word == "1") return true;
    if (word == "off" || word == "0") return false;
    return std::nullopt;
}

// As crash takes them: in figures, or by how a word begins.
std::optional<unsigned> radix_of(std::string_view word) {
    const auto is_any_of = [&](std::initializer_list<std::string_view> beginnings) {
        return std::any_of(beginnings.begin(), beginnings.end(),
                           [&](std::string_view beginning) { return word.starts_with(beginning); });
    };
    if (word == "16" || is_any_of({"hex", "six"})) return 16;
    if (word == "10" || is_any_of({"dec", "ten"})) return 10;
    return std::nullopt;
}

}  // namespace

int Shell::set(const std::vector<std::string>& words, Destination& destination) {
    if (words == std::vector<std::string>{"-v"}) {
        for (const char* name : {"scroll", "radix", "silent"}) set_variable(name, "", destination);
        return whole_answer;
    }
    const std::string name = words.empty() ? "" : words[0], value = words.size() > 1 ? words[1] : "";
    if (words.size() > 2) return complain(fmt::format("set: '{}' is one argument too many", words[2]));
    if (name == "hex" || name == "dec") return set_variable("radix", name, destination);
    if (name == "scroll" || name == "radix" || name == "silent")
        return set_variable(name, value, destination);
    if (std::find(std::begin(crash_variables), std::end(crash_variables), name) != std::end(crash_variables))
        return complain(
            fmt::format("set {0}: {0} is crash's; there are scroll, radix and silent here", name));
    std::vector<std::string> all = words;
    all.insert(all.begin(), "set");
    return ask(all, destination);
}

int Shell::set_variable(const std::string& name, const std::string& value, Destination& destination) {
    const bool is_radix = name == "radix";
    const auto radix = radix_of(value);
    const auto truth = truth_of(value);
    if (!value.empty() && !(is_radix ? radix.has_value() : truth.has_value()))
        return complain(fmt::format("set {}: {} is wanted, not '{}'", name,
                                    is_radix ? "10 (dec) or 16 (hex)" : "on or off", value));
    bool& variable = name == "scroll" ? scroll_ : silent_;
    if (!value.empty() && is_radix) radix_ = *radix;
    if (!value.empty() && !is_radix) variable = *truth;
    if (in_rc_file_ && !value.empty()) return whole_answer;
    if (is_radix)
        destination.write(fmt::format("output radix: {} ({})\n", radix_, radix_ == 16 ? "hex" : "decimal"));
    else
        destination.write(fmt::format("{}: {}\n", name, on_or_off_word(variable)));
    return whole_answer;
}

int Shell::alias(const std::vector<std::string>& words, Destination& destination) {
    if (words.size() < 2) {
        if (!words.empty() && !aliases_.has(words[0]))
            return complain(fmt::format("alias: there is none of the name '{}'", words[0]));
        destination.write(aliases_.table(words.empty() ? "" : words[0]));
        return whole_answer;
    }
    if (find_command(words[0])) return complain(fmt::format("alias: '{}' is a command's name", words[0]));
    const bool known = aliases_.has(words[0]);
    const std::string command = fmt::format("{}", fmt::join(words.begin() + 1, words.end(), " "));
    aliases_.set(words[0], command);
    if (in_rc_file_) return whole_answer;
    if (command.empty())
        destination.write(known ? fmt::format("alias deleted: {}\n", words[0]) : "");
    else
        destination.write(aliases_.table(words[0]));
    return whole_answer;
}

int Shell::extend(const std::vector<std::string>& words, Destination& destination) {
    if (words.empty()) {
        for (const auto& [name, extension] : extensions_)
            destination.write(
                fmt::format("{}: {} --json | {}\n", name, extension.command, extension.program));
        return whole_answer;
    }
    if (words[0] == "-u" && words.size() == 2) {
        if (extensions_.erase(words[1]) == 0)
            return complain(fmt::format("extend: there is no command '{}' of yours", words[1]));
        return whole_answer;
    }
    if (words.size() < 2 || words[0].starts_with('-'))
        return complain("extend: NAME PROGRAM [COMMAND...] is wanted, or -u NAME");
    if (find_command(words[0])) return complain(fmt::format("extend: '{}' is a command's name", words[0]));
    const std::string command =
        words.size() > 2 ? fmt::format("{}", fmt::join(words.begin() + 2, words.end(), " ")) : "report";
    extensions_[words[0]] = {words[1], command};
    return whole_answer;
}

int Shell::help(const std::vector<std::string>& words, Destination& destination) {
    if (!words.empty() && words[0] != "all") {
        const Command* const command = find_command(words[0]);
        if (!command) return complain(fmt::format("{}; see `help`", no_command(words[0])));
        return ask({words[0], "--help"}, destination);
    }
    std::vector<std::string> names = {"alias", "extend", "help", "history", "q", "repeat"};
    for (const Command& command : all_commands())
        if (command.summary) names.emplace_back(command.name);
    for (const auto& [name, extension] : extensions_) names.push_back(name);
    std::sort(names.begin(), names.end());
    const std::size_t rows = (names.size() + names_per_line - 1) / names_per_line;
    std::string text = "\n";
    for (std::size_t row = 0; row < rows; ++row) {
        std::string line;
        for (std::size_t i = row; i < names.size(); i += rows) line += fmt::format("{:<13}", names[i]);
        text += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
    }
    text +=
        "\n`help COMMAND` explains one, `alias` lists short names. A command's answer goes on with | "
        "PROGRAM, > FILE\n"
        "or >> FILE; !PROGRAM runs one; < FILE runs a file's lines; h, !N and r bring back earlier lines; "
        "Ctrl-C ends\n"
        "a command and q the shell. `set PID` chooses the task that bt, vm, files and others are about, `set "
        "-p` the\n"
        "one that brought the kernel down.\n\n";
    destination.write(text);
    return whole_answer;
}

int Shell::repeat(std::vector<std::string> words, LineSource& lines, Destination& destination) {
    double seconds = 0;
    if (!words.empty() && words[0].starts_with('-')) {
        seconds = std::atof(words[0].c_str() + 1);
        words.erase(words.begin());
    }
    if (words.empty()) return complain("repeat: a command is wanted; Ctrl-C ends it");
    if (words[0] == "repeat") return complain("repeat: another command than repeat itself is wanted");
    while (true) {
        const int exit_code = answer(words, lines, destination);
        if (exit_code >= usage_error || Interrupts::seen() || !destination.write("")) return exit_code;
        ::usleep(static_cast<useconds_t>(std::clamp(seconds, 0.0, 1000.0) * 1e6));
    }
}

}  // namespace tool::shell
