// The program: finds the command, hands it the rest of the line.
#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "command.h"

namespace {

std::string overview() {
    std::string text =
        "Usage: postmortem COMMAND [OPTIONS] DUMP [SELECTOR...]\n\n"
        "Reads a Linux crash dump and says what happened. DUMP is a vmcore, or a directory as in "
        "/var/crash;\n"
        "no vmlinux is needed. panic, signature, check, triage and oom read kernel logs, too.\n\nCommands:\n";
    for (const tool::Command& command : tool::all_commands())
        if (command.summary) text += fmt::format("  {:<10} {}\n", command.name, command.summary);
    return text +
           "\n`postmortem COMMAND --help` explains each. Start with `postmortem report DUMP`.\n\n"
           "Exit status: 0 whole answer, 1 partial answer (what is missing is said on standard error and in "
           "the\n"
           "JSON's problems), 2 wrong usage, 3 the input cannot be used; panic, signature, triage and oom: 4 "
           "no\n"
           "such event; check: 5 known crashes, 6 a new one.\n";
}

const tool::Command* find_command(std::string_view name) {
    const auto commands = tool::all_commands();
    const auto found = std::find_if(commands.begin(), commands.end(),
                                    [&](const tool::Command& c) { return c.name == name; });
    return found == commands.end() ? nullptr : &*found;
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    if (words.empty()) {
        fmt::print(stderr, "{}", overview());
        return tool::usage_error;
    }
    if (words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
        if (words.size() > 1)
            if (const tool::Command* command = find_command(words[1])) return command->run({"--help"});
        fmt::print("{}", overview());
        return tool::whole_answer;
    }
    if (words[0] == "--version") {
        fmt::print("postmortem {}\n", POSTMORTEM_VERSION);
        return tool::whole_answer;
    }
    const tool::Command* command = find_command(words[0]);
    if (!command)
        return tool::complain(fmt::format("there is no command '{}'; see `postmortem --help`", words[0]));
    return command->run({words.begin() + 1, words.end()});
}
