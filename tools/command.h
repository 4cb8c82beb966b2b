// What the program and its commands agree on. A command is a syntax and a function: parse, ask, print. One
// that asks a dump gets it opened, so that whoever has a dump open already can call it again and again.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <postmortem/crash_dump.h>
#include <postmortem/crash_input.h>
#include <postmortem/lost_pages.h>
#include <postmortem/problem.h>
#include <postmortem/render.h>

#include "option_rules.h"
#include "options.h"
#include "output.h"

namespace tool {

/// What stands on the command line, parsed.
struct Arguments {
    std::string dump;                               ///< the first operand: a dump, a log, a folder
    std::vector<std::string> rest;                  ///< selectors, addresses, …
    std::vector<std::filesystem::path> more_parts;  ///< of a split dump
    bool json = false;
    bool ndjson = false;
    /// Of a shell: the task that its user has set, as a selector. Commands that crash asks about its current
    /// context take this one where no task is named; empty: the panic task.
    std::string context;
    bool hex_by_default = false;             ///< of a shell: `set radix 16`
    bool in_foreach = false;                 ///< `rest` are the tasks that `foreach` has chosen, by address
    std::vector<std::string> words;          ///< then: what else was named
    std::vector<std::string> command_words;  ///< where the syntax ends in a command: its name and its words
    bool whole_types = false;                ///< types are shown, with all their members
    bool without_page_tables = false;        ///< a dump will do whose page tables cannot be followed
    GivenOptions given;

    bool has(std::string_view option) const { return given.texts.count(option) > 0; }
    /// Empty where it was not given.
    std::string text(std::string_view option) const { return has(option) ? texts(option).front() : ""; }
    std::vector<std::string> texts(std::string_view option) const {
        return has(option) ? given.texts.find(option)->second : std::vector<std::string>();
    }
    /// The tasks that are named, or else the shell's current one, or none.
    std::vector<std::string> tasks() const {
        return rest.empty() && !context.empty() ? std::vector<std::string>{context} : rest;
    }
    std::uint64_t number(std::string_view option) const { return given.numbers.find(option)->second; }

    /// With the progress of unpacking on a terminal.
    postmortem::OpenOptions open_options() const;
    postmortem::CrashInputOptions input_options() const;
};

/// Describes one command to the parser and to its own --help.
struct Syntax {
    const char* operands;     ///< "DUMP [PID|TASK|COMM...]"
    const char* description;  ///< paragraphs, and examples
    std::vector<Option> options = {};
    bool reads_kernel = true;    ///< offers --vmlinux
    const char* input = "dump";  ///< what the first operand must be, for complaints
    bool needs_input = true;
    std::vector<const char*> without_input =
        {};  ///< options with which no input is named, and read() answers
    bool has_json = true;
    bool many_inputs = false;              ///< several may be named, which are no parts of one dump
    bool has_ndjson = false;               ///< the answer is a list
    std::size_t most_operands = SIZE_MAX;  ///< behind the first
    /// A word that names one of these, and all words behind it, are left alone: Arguments::command_words.
    std::vector<const char*> commands = {};
    bool words_in_foreach = false;          ///< what is named besides the tasks is Arguments::words
    std::vector<const char*> makes = {};    ///< options that name a file which appears when it is whole
    bool runs_programs = false;             ///< its own sandbox is entered elsewhere, or not at all
    std::vector<const char*> changes = {};  ///< options that name a file which may be there: then no sandbox
    bool disassembles = false;              ///< what does so is loaded before the sandbox
    bool shows_types = false;               ///< with members that no other command asks for
    std::vector<const char*> shows_types_with = {};  ///< options that do so
    bool without_page_tables = false;                ///< answers also where those cannot be followed
    OptionRules rules = {};                          ///< which options go together
};

struct Command {
    const char* name;
    const char* summary;  ///< null: `postmortem --help` is silent about it
    Syntax (*syntax)();
    /// Asks a dump that is open; null for a command that knows no dumps.
    int (*ask)(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output);
    /// Reads its input itself: a log, a folder, raw memory; null where only a dump will do.
    int (*read)(const Arguments& arguments, Output& output);
};

/// Every command, in the order of `postmortem --help`. One line each in commands.cpp.
std::span<const Command> all_commands();
const Command* find_command(std::string_view name);
/// That there is no such command, and which is the nearest.
std::string no_command(std::string_view name);

/// Parses the words, or answers --help, or complains: in the latter two cases there are no arguments, and the
/// exit code is that of the command.
struct Parsed {
    std::optional<Arguments> arguments;
    int exit_code = usage_error;
};
Parsed parse(const Command& command, const std::vector<std::string>& words, Output& output);
/// The same where a dump is open already, so that the words name none.
Parsed parse_for_open_dump(const Command& command, const std::vector<std::string>& words, Output& output);

/// The whole of it, from the words behind the command's name to the exit code.
int run(const Command& command, const std::vector<std::string>& words, Output& output);

/// Numbers are hexadecimal by default: as if the command were told so, where it can be and is not told
/// otherwise.
void take_hex_by_default(const Syntax& syntax, Arguments& arguments);

/// Before the first byte of a dump is looked at.
void enter_sandbox_for(const Syntax& syntax, const Arguments& arguments);

/// Opens what `arguments` name.
postmortem::Result<postmortem::CrashDump> open_dump(const Arguments& arguments);

/// Asks a dump, and says so where the answer depends on what the dump lost and does not tell it itself.
int ask(const Command& command, const postmortem::CrashDump& dump, const Arguments& arguments,
        Output& output);

/// The same for an answer that is about to be printed.
template <class Report>
void add_lost_pages(Report& report) {
    if (report.problems.empty()) report.problems = postmortem::LostPages::so_far();
}

/// The usual end of a command: the report as text, JSON or NDJSON.
template <class Report>
int print(const Arguments& arguments, const Report& report, Output& output) {
    if (report.problems.empty() && !postmortem::LostPages::so_far().empty()) {
        Report partial = report;
        add_lost_pages(partial);
        return print(arguments, partial, output);
    }
    if constexpr (requires { to_ndjson(report); })
        if (arguments.ndjson) return output.finish(to_ndjson(report), report.problems);
    return output.finish(arguments.json ? to_json(report) : to_text(report), report.problems);
}

}  // namespace tool
