#include "command.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include <postmortem/disassembly.h>

#include "crash_options.h"
#include "dump_options.h"
#include "nearest.h"
#include "passed_over.h"
#include "sandbox.h"

namespace tool {
namespace {

enum class Dump : bool { Named, Open };

std::vector<Option> common_options(const Syntax& syntax, Dump dump) {
    std::vector<Option> common;
    const bool names_input = syntax.needs_input && dump == Dump::Named;
    if (syntax.reads_kernel && dump == Dump::Named)
        for (const Option& option : kernel_options()) common.push_back(option);
    if (syntax.has_json) common.push_back(on_or_off("json", "print JSON in place of text"));
    if (syntax.has_ndjson)
        common.push_back(on_or_off("ndjson", "print each item of the list as JSON on a line of its own"));
    if (names_input)
        for (const Option& option : dump_options()) common.push_back(option);
    if (names_input)
        common.push_back(
            on_or_off("no-sandbox", "let the program do what its user may: see docs/hardening.md"));
    common.push_back(on_or_off("help,h", "print this help"));
    return common;
}

std::string help(const Command& command, const Syntax& syntax, Dump dump) {
    return fmt::format(
        "Usage: postmortem {} [OPTIONS] {}\n\n{}\n{}\n"
        "Exit status: 0 whole answer, 1 partial answer, 2 wrong usage, 3 the input cannot be used.\n",
        command.name, syntax.operands, syntax.description,
        help_of(syntax.options, common_options(syntax, dump)));
}

bool any_given(const std::vector<const char*>& options, const Arguments& arguments) {
    return std::any_of(options.begin(), options.end(),
                       [&](const char* option) { return arguments.has(option); });
}

// Of a command that reads a file and no kernel; nothing where none of them is among the words.
std::optional<std::string> why_no_kernel_option(const Syntax& syntax, const std::vector<std::string>& words) {
    if (syntax.reads_kernel || !syntax.needs_input) return std::nullopt;
    for (const Option& option : kernel_options()) {
        const std::string name = fmt::format("--{}", long_name(option));
        for (const std::string& word : words)
            if (!option.hidden && (word == name || word.starts_with(name + "=")))
                return fmt::format("{} is for commands that read the kernel in the dump, such as sys", name);
    }
    return std::nullopt;
}

// What is wrong with the words, as a sentence; empty where nothing is.
std::string take_input(const Syntax& syntax, Arguments& arguments) {
    if (arguments.has("live")) arguments.rest.insert(arguments.rest.begin(), "/proc/kcore");
    if (arguments.rest.empty()) return fmt::format("no {} is named", syntax.input);
    arguments.dump = arguments.rest.front();
    arguments.rest.erase(arguments.rest.begin());
    if (!syntax.many_inputs) take_more_parts(arguments);
    return {};
}

std::string take_operands(const Syntax& syntax, Dump dump, Arguments& arguments) {
    arguments.rest = arguments.given.operands;
    if (!syntax.needs_input || any_given(syntax.without_input, arguments)) return {};
    if (dump == Dump::Named)
        if (std::string wrong = take_input(syntax, arguments); !wrong.empty()) return wrong;
    if (arguments.rest.size() > syntax.most_operands) {
        const std::string& surplus = arguments.rest[syntax.most_operands];
        if (syntax.most_operands > 0) return fmt::format("'{}' is one argument too many", surplus);
        return fmt::format("'{}' is one argument too many: none is taken{}", surplus,
                           dump == Dump::Named ? fmt::format(" but the {}", syntax.input) : "");
    }
    if (arguments.json && arguments.ndjson) return "--json and --ndjson exclude each other";
    return {};
}

bool shows_types(const Syntax& syntax, const Arguments& arguments) {
    if (syntax.shows_types || any_given(syntax.shows_types_with, arguments)) return true;
    if (arguments.command_words.empty()) return false;
    const Command* inner = find_command(arguments.command_words.front());
    if (!inner) return false;
    // Its options are not told apart yet.
    const Syntax of_inner = inner->syntax();
    return of_inner.shows_types || !of_inner.shows_types_with.empty();
}

// The first word may name the dump.
std::vector<std::string>::const_iterator inner_command(const std::vector<std::string>& words, Dump dump,
                                                       const std::vector<const char*>& commands) {
    const auto first = words.begin() + (dump == Dump::Named && !words.empty() ? 1 : 0);
    return std::find_first_of(first, words.end(), commands.begin(), commands.end());
}

Parsed parse_words(const Command& command, const std::vector<std::string>& all_words, Dump dump,
                   Output& output) {
    const Syntax syntax = command.syntax();
    const auto inner = inner_command(all_words, dump, syntax.commands);
    const std::vector<std::string> words(all_words.begin(), inner);
    const auto complain = [&](const std::string& sentence) {
        return Parsed{std::nullopt,
                      output.complain(fmt::format("{0}: {1}; see `{2}{0} --help`", command.name, sentence,
                                                  dump == Dump::Named ? "postmortem " : ""))};
    };
    Arguments arguments;
    arguments.command_words.assign(inner, all_words.end());
    arguments.given = parse_options(syntax.options, common_options(syntax, dump), words);
    if (!arguments.given.wrong.empty()) {
        const auto better = why_no_kernel_option(syntax, words);
        return complain(better ? *better : why_refused(command.name, words).value_or(arguments.given.wrong));
    }
    if (arguments.has("help")) return {std::nullopt, output.finish(help(command, syntax, dump), {})};
    arguments.whole_types = shows_types(syntax, arguments);
    arguments.without_page_tables = syntax.without_page_tables;
    arguments.json = arguments.has("json");
    arguments.ndjson = arguments.has("ndjson");
    if (dump == Dump::Named && !syntax.runs_programs) enter_sandbox_for(syntax, arguments);
    if (const std::string wrong = take_operands(syntax, dump, arguments); !wrong.empty())
        return complain(wrong);
    const std::vector<std::string> passed_over =
        pass_over(syntax.rules, syntax.options, arguments.given, arguments.rest);
    for (const std::string& wrong :
         {broken_rule(syntax.rules, syntax.options, arguments.given, arguments.rest), take_limits(arguments),
          wrong_type_sources(arguments)})
        if (!wrong.empty()) return complain(wrong);
    for (const std::string& sentence : passed_over)
        output.complain(fmt::format("{}: {}", command.name, sentence));
    return {std::move(arguments), whole_answer};
}

int open_and_ask(const Command& command, const Arguments& arguments, Output& output) {
    const auto dump = open_dump(arguments);
    return dump ? ask(command, *dump, arguments, output) : output.refuse(dump.error());
}

}  // namespace

int ask(const Command& command, const postmortem::CrashDump& dump, const Arguments& arguments,
        Output& output) {
    const postmortem::LostPages lost;
    const int exit_code = command.ask(dump, arguments, output);
    return exit_code == whole_answer ? output.finish("", lost.problems()) : exit_code;
}

// A file that debuginfod is to fetch comes by the network.
void enter_sandbox_for(const Syntax& syntax, const Arguments& arguments) {
    const char* const servers = std::getenv("DEBUGINFOD_URLS");
    const bool fetches = servers != nullptr && *servers != '\0';
    if (!syntax.needs_input || arguments.has("no-sandbox") || fetches || any_given(syntax.changes, arguments))
        return;
    SandboxFolders folders;
    for (const char* option : syntax.makes)
        if (arguments.has(option))
            folders.needed.push_back(std::filesystem::absolute(arguments.text(option)).parent_path());
    if (syntax.reads_kernel)
        if (const auto cache = cache_to_fill(arguments)) folders.useful.push_back(*cache);
    const std::filesystem::path temporary = arguments.has("tmpdir")
                                                ? std::filesystem::path(arguments.text("tmpdir"))
                                                : postmortem::default_temporary_folder();
    // Elsewhere a temporary file has its name for a moment.
    if (!has_nameless_files(temporary)) folders.useful.push_back(temporary);
    if (syntax.disassembles) postmortem::load_disassembler();
    enter_sandbox(folders);
}

void take_hex_by_default(const Syntax& syntax, Arguments& arguments) {
    arguments.hex_by_default = true;
    if (arguments.has("decimal")) return;
    for (const Option& option : syntax.options)
        if (long_name(option) == "hex" || long_name(option) == "hexadecimal")
            arguments.given.texts[std::string(long_name(option))];
}

postmortem::CrashInputOptions Arguments::input_options() const {
    postmortem::CrashInputOptions input;
    input.dump = open_options();
    return input;
}

std::string no_command(std::string_view name) {
    std::vector<std::string> names;
    for (const Command& command : all_commands())
        if (command.summary) names.emplace_back(command.name);
    const std::string nearest = nearest_of(name, names);
    return fmt::format("there is no command '{}'{}", name,
                       nearest.empty() ? "" : fmt::format("; the nearest is {}", nearest));
}

const Command* find_command(std::string_view name) {
    const auto commands = all_commands();
    const auto found = std::find_if(commands.begin(), commands.end(),
                                    [&](const Command& command) { return command.name == name; });
    return found == commands.end() ? nullptr : &*found;
}

Parsed parse(const Command& command, const std::vector<std::string>& words, Output& output) {
    return parse_words(command, words, Dump::Named, output);
}

Parsed parse_for_open_dump(const Command& command, const std::vector<std::string>& words, Output& output) {
    return parse_words(command, words, Dump::Open, output);
}

postmortem::Result<postmortem::CrashDump> open_dump(const Arguments& arguments) {
    return postmortem::CrashDump::open(arguments.dump, arguments.open_options());
}

int run(const Command& command, const std::vector<std::string>& words, Output& output) {
    auto [arguments, exit_code] = parse(command, words, output);
    if (!arguments) return exit_code;
    if (any_given(command.syntax().without_input, *arguments)) return command.read(*arguments, output);
    if (!command.read) return open_and_ask(command, *arguments, output);
    if (!command.ask) return command.read(*arguments, output);
    const auto input = postmortem::find_crash_input(arguments->dump);
    if (!input) return output.refuse(input.error());
    arguments->dump = input->path.string();
    return input->is_dump ? open_and_ask(command, *arguments, output) : command.read(*arguments, output);
}

}  // namespace tool
