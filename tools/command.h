// What the postmortem program and its commands agree on: a command is a name, a line of help and a function.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <boost/program_options.hpp>

#include <postmortem/crash_dump.h>
#include <postmortem/crash_input.h>
#include <postmortem/problem.h>
#include <postmortem/render.h>

namespace tool {

/// Documented in README.md; scripts rely on them.
enum ExitCode : int {
    whole_answer = 0,
    partial_answer = 1,
    usage_error = 2,
    unusable_input = 3,
    nothing_found = 4,  ///< panic, signature, oom: there is no such event
    known_crash = 5,    ///< check
    new_crash = 6,      ///< check
};

struct Command {
    const char* name;
    const char* summary;  ///< null: `postmortem --help` is silent about it
    int (*run)(const std::vector<std::string>& arguments);
};

/// Every command, in the order of `postmortem --help`. One line each in commands.cpp.
std::span<const Command> all_commands();

/// The options that every command has, and what stands behind them on the command line.
struct Arguments {
    std::string dump;
    std::vector<std::string> rest;  ///< selectors, addresses, …
    std::optional<std::string> vmlinux;
    bool json = false;
    bool ndjson = false;
    boost::program_options::variables_map options;

    bool has(const char* option) const { return options.count(option) > 0 && !options[option].empty(); }
    bool flag(const char* option) const { return options.count(option) > 0 && options[option].as<bool>(); }
};

/// Describes one command to the parser and to its own --help.
struct Syntax {
    const char* name;
    const char* operands;     ///< "DUMP [PID|TASK|COMM...]"
    const char* description;  ///< paragraphs, and examples
    boost::program_options::options_description options{"Options"};
    bool reads_kernel = true;    ///< offers --vmlinux
    const char* input = "dump";  ///< what the first operand must be, for complaints
    bool has_json = true;
    bool has_ndjson = false;  ///< the answer is a list
    std::size_t most_operands = SIZE_MAX;
};

/// Parses, or answers --help, or complains: in the latter two cases `run` ends with the exit code that is
/// returned.
struct Parsed {
    std::optional<Arguments> arguments;
    int exit_code = usage_error;
};
Parsed parse(const Syntax& syntax, const std::vector<std::string>& arguments);

/// Opens the dump that the arguments name; complains and gives nothing where it cannot be used.
std::optional<postmortem::CrashDump> open_dump(const Arguments& arguments, int& exit_code);

/// Analyses the dump or log that the arguments name.
postmortem::Result<postmortem::PanicAnalysis> analyse(const Arguments& arguments, bool with_memory = true);

/// Writes the answer to standard output and its problems to standard error.
int finish(const std::string& answer, const postmortem::Problems& problems);
/// Reports an error as one sentence; the exit code says whose fault it is.
int finish(const postmortem::Error& error);
/// The same for an input that cannot be used, whatever is wrong with it.
int refuse(const postmortem::Error& error);
int complain(const std::string& sentence, int exit_code = usage_error);

/// The usual end of a command: print `report` as text or JSON.
template <class Report>
int print(const Arguments& arguments, const Report& report) {
    if constexpr (requires { postmortem::to_ndjson(report); })
        if (arguments.ndjson) return finish(postmortem::to_ndjson(report), report.problems);
    return finish(arguments.json ? postmortem::to_json(report) : postmortem::to_text(report),
                  report.problems);
}

}  // namespace tool
