#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include <postmortem/process_status.h>

#include "commands.h"
#include "crash_options.h"
#include "passed_over.h"

namespace tool {
namespace {

using postmortem::TaskChoice;

constexpr const char* commands_for_tasks[] = {"bt", "files", "net", "ps", "set", "sig", "task", "vm", "vtop"};
constexpr std::string_view states[] = {"RU", "IN", "UN", "ST", "TR", "ZO",
                                       "DE", "PA", "WA", "ID", "NE", "SW"};

// What is wrong with the words; empty where nothing is.
std::string take_selection(const std::vector<std::string>& words, TaskChoice& choice) {
    for (const std::string& word : words) {
        if (word == "user" || word == "gleader") {
            if (choice.kind == TaskChoice::Kind::Kernel) return "user and kernel are mutually exclusive";
            choice.kind = TaskChoice::Kind::User;
            choice.group_leaders = choice.group_leaders || word == "gleader";
        } else if (word == "kernel") {
            if (choice.kind == TaskChoice::Kind::User) return "user and kernel are mutually exclusive";
            choice.kind = TaskChoice::Kind::Kernel;
        } else if (word == "active") {
            choice.active = true;
        } else if (const std::string plain = word.starts_with('\\') ? word.substr(1) : word;
                   std::find(std::begin(states), std::end(states), plain) != std::end(states)) {
            if (!choice.state.empty()) return "only one task state allowed";
            choice.state = plain;
        } else {
            choice.selectors.push_back(word);
        }
    }
    return {};
}

Syntax syntax() {
    Syntax syntax{"DUMP [PID|TASK|COMM|'REGEX'|STATE|user|kernel|gleader|active...] COMMAND [OPTIONS]",
                  "Runs one of the commands that are about tasks on every task, or on those that are "
                  "selected, as crash\n"
                  "does. COMMAND is bt, files, net, ps, set, sig, task, vm or vtop, with its own options.\n\n"
                  "  postmortem foreach vmcore bt\n"
                  "  postmortem foreach vmcore UN bt\n"
                  "  postmortem foreach vmcore user files -R /var/log\n"
                  "  postmortem foreach vmcore 'kworker.*' task -R se.on_rq\n"};
    syntax.has_json = false;
    syntax.commands.assign(std::begin(commands_for_tasks), std::end(commands_for_tasks));
    return syntax;
}

// The words behind the command's name, with its own options.
std::optional<Arguments> inner_arguments(const Command& command, const Arguments& outer, Output& output,
                                         int& exit_code) {
    Arguments inner;
    const Syntax syntax = command.syntax();
    std::vector<Option> common;
    if (syntax.has_json) common.push_back(on_or_off("json", ""));
    if (syntax.has_ndjson) common.push_back(on_or_off("ndjson", ""));
    inner.given =
        parse_options(syntax.options, common, {outer.command_words.begin() + 1, outer.command_words.end()});
    if (syntax.words_in_foreach) inner.words = std::exchange(inner.given.operands, {});
    if (inner.given.wrong.empty() && !inner.given.operands.empty())
        inner.given.wrong = fmt::format("'{}' is one argument too many", inner.given.operands.front());
    const std::vector<std::string> passed_over =
        pass_over(syntax.rules, syntax.options, inner.given, inner.given.operands);
    if (inner.given.wrong.empty())
        inner.given.wrong = broken_rule_in_foreach(syntax.rules, syntax.options, inner.given);
    if (!inner.given.wrong.empty()) {
        const std::string why = why_refused(command.name, outer.command_words).value_or(inner.given.wrong);
        exit_code = output.complain(
            fmt::format("foreach {}: {}; see `postmortem {} --help`", command.name, why, command.name));
        return std::nullopt;
    }
    for (const std::string& sentence : passed_over)
        output.complain(fmt::format("foreach {}: {}", command.name, sentence));
    if (outer.hex_by_default) take_hex_by_default(syntax, inner);
    inner.dump = outer.dump;
    inner.json = inner.has("json");
    inner.ndjson = inner.has("ndjson");
    inner.in_foreach = true;
    return inner;
}

std::string selector_of(const postmortem::TaskMention& task) {
    return fmt::format("{:#x}", task.task);
}

int ask_all(const postmortem::CrashDump& dump, const Command& command, Arguments& inner,
            const postmortem::TaskMentions& chosen, Output& output) {
    for (const postmortem::TaskMention& task : chosen.tasks) inner.rest.push_back(selector_of(task));
    return command.ask(dump, inner, output);
}

// Of a command that is about one task at a time.
int ask_one_by_one(const postmortem::CrashDump& dump, const Command& command, Arguments& inner,
                   const postmortem::TaskMentions& chosen, Output& output) {
    int worst = whole_answer;
    for (const postmortem::TaskMention& task : chosen.tasks) {
        const bool first = &task == &chosen.tasks.front();
        if (!inner.json) output.write((first ? "" : "\n") + postmortem::task_heading(task));
        inner.rest = {selector_of(task)};
        worst = std::max(worst, command.ask(dump, inner, output));
    }
    return worst;
}

int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    if (arguments.command_words.empty())
        return output.complain("foreach: no command is named; see `postmortem foreach --help`");
    const Command* command = find_command(arguments.command_words.front());
    if (!command || !command->ask)
        return output.complain(
            fmt::format("foreach: there is no command '{}'", arguments.command_words.front()));
    TaskChoice choice;
    if (const std::string wrong = take_selection(arguments.rest, choice); !wrong.empty())
        return output.complain("foreach: " + wrong);
    int exit_code = usage_error;
    auto inner = inner_arguments(*command, arguments, output, exit_code);
    if (!inner) return exit_code;
    const auto chosen = postmortem::chosen_tasks(dump, choice);
    if (!chosen) return output.finish(chosen.error());
    if (chosen->tasks.empty()) {
        postmortem::Problems problems = chosen->problems;
        if (problems.empty())
            problems.emplace_back(postmortem::ErrorCode::NotFound, "no task is of that kind");
        return output.finish("", problems);
    }
    // One that takes one task at a time.
    const int answered = command->syntax().rules.surplus_from == 1
                             ? ask_one_by_one(dump, *command, *inner, *chosen, output)
                             : ask_all(dump, *command, *inner, *chosen, output);
    return answered == whole_answer ? output.finish("", chosen->problems) : answered;
}

}  // namespace

const Command foreach_command = {"foreach", "a command for every task, or for some", syntax, ask, nullptr};

}  // namespace tool
