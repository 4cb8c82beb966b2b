#include "shell/shell.h"

#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>
#include <unistd.h>

#include "commands.h"
#include "dump_options.h"
#include "shell/operands.h"

namespace tool {
namespace {

Syntax syntax() {
    Syntax syntax{
        "[VMLINUX] [System.map] DUMP",
        "Opens a dump once and answers command after command, as crash does: the same commands as on the\n"
        "command line, without DUMP. The files may come in any order; only the dump is needed.\n\n"
        "  postmortem shell /var/crash/202611210239/vmcore\n"
        "  echo 'foreach bt' | postmortem shell -s vmcore > stacks\n"
        "  postmortem shell -i commands vmcore\n\n"
        "  crash> set 1                 what bt, vm, files and others are about from now on\n"
        "  crash> ps | grep UN          an answer goes to a program, or with > to a file\n"
        "  crash> !date                 runs a program\n"
        "  crash> help bt\n\n"
        "~/.config/postmortem/rc ($XDG_CONFIG_HOME) is read first: lines as one would type them, such as "
        "alias,\n"
        "set, and `extend NAME PROGRAM [COMMAND...]`, a command of your own: PROGRAM gets the JSON of "
        "COMMAND\n"
        "(report) on its standard input.\n"};
    syntax.shows_types = true;
    syntax.options = {
        text("input,i", "FILE", "run the lines of FILE, then go on with standard input"),
        on_or_off("silent,s", "no banner, no prompts, no pager: answers alone"),
        on_or_off("minimal", "no banner and no rc file: for dumps that other commands cannot read"),
        on_or_off("no-rc", "do not read the rc file")};
    syntax.has_json = false;
    syntax.many_inputs = true;
    syntax.runs_programs = true;
    return syntax;
}

std::filesystem::path rc_file() {
    if (const char* config = std::getenv("XDG_CONFIG_HOME"); config && *config)
        return std::filesystem::path(config) / "postmortem/rc";
    const char* const home = std::getenv("HOME");
    return home && *home ? std::filesystem::path(home) / ".config/postmortem/rc" : std::filesystem::path();
}

// What is wrong with the files that are named; empty where nothing is.
std::string take_files(Arguments& arguments) {
    std::vector<std::string> names = arguments.rest;
    names.insert(names.begin(), arguments.dump);
    const shell::Operands operands = shell::sort_operands(names);
    if (operands.dumps.empty()) return "a kernel image alone is named; the dump is missing";
    if (operands.vmlinux.size() > 1) return fmt::format("'{}' is a second vmlinux", operands.vmlinux[1]);
    if (!operands.vmlinux.empty()) arguments.given.texts["vmlinux"] = {operands.vmlinux.front()};
    arguments.dump = operands.dumps.front();
    arguments.rest.assign(operands.dumps.begin() + 1, operands.dumps.end());
    take_more_parts(arguments);
    return arguments.rest.empty() ? "" : fmt::format("'{}' is no part of the dump", arguments.rest.front());
}

int read(const Arguments& given, Output& output) {
    Arguments arguments = given;
    if (const std::string wrong = take_files(arguments); !wrong.empty())
        return output.complain("shell: " + wrong);
    shell::Interrupts::catch_them();
    shell::Reader reader(arguments);
    shell::Shell shell(reader, arguments);
    if (arguments.has("silent")) shell.set_silent();
    const bool minimal = arguments.has("minimal");
    if (const int exit_code = shell.greet(!minimal); exit_code != whole_answer) return exit_code;
    std::error_code unknown;
    if (const auto rc = rc_file();
        !minimal && !arguments.has("no-rc") && std::filesystem::exists(rc, unknown))
        shell.run_rc_file(rc.string());
    const bool echo = !arguments.has("silent");
    bool whole = shell.banner_is_whole();
    if (arguments.has("input")) whole = shell.run_file(arguments.text("input"), echo) && whole;
    const bool is_person = ::isatty(STDIN_FILENO) != 0 && ::isatty(STDOUT_FILENO) != 0;
    const auto lines =
        is_person ? shell::terminal_lines([&](std::string_view typed) { return shell.complete(typed); },
                                          shell::default_history_file())
                  : shell::lines_of(stdin, echo);
    whole = shell.run(*lines) && whole;
    return whole || is_person ? whole_answer : partial_answer;
}

}  // namespace

const Command shell_command = {"shell", "all commands on one dump that stays open, as in crash", syntax,
                               nullptr, read};

}  // namespace tool
