#include <charconv>

#include <postmortem/system_parts.h>

#include "commands.h"

namespace tool {
namespace {

Syntax syntax() {
    Syntax syntax{
        "DUMP [config | NAME|NUMBER...]",
        "Says which kernel died, on which machine, when, and why: crash's banner. The date is in the local\n"
        "time zone (TZ), as crash prints it; --json has UTC, and much more: build-id, command line, taint,\n"
        "CPUs, NUMA nodes, hypervisor, DMI. `config` prints the configuration that the kernel carries.\n\n"
        "  postmortem sys vmcore\n"
        "  postmortem sys -c vmcore read\n"};
    syntax.options = {
        on_or_off("calls,c", "the table of system calls; or numbers, or those with NAME in their name"),
        on_or_off("taint,t", "the taint mask and its letters"),
        on_or_off("dmi,i", "what the firmware says of the machine")};
    syntax.rules.first_given = {{"taint", "dmi"}};
    syntax.rules.covers = {{"taint", {"calls"}}, {"dmi", {"calls"}}};
    syntax.rules.drops_operands = {"taint", "dmi"};
    return syntax;
}

template <class Answer>
int print_result(const Arguments& arguments, const postmortem::Result<Answer>& answer, Output& output) {
    return answer ? print(arguments, *answer, output) : output.finish(answer.error());
}

// A number is the call itself, as crash has it; a name is part of one.
void name_calls(const std::string& word, postmortem::SystemCallRequest& request) {
    std::string_view digits = word;
    const bool hexadecimal = digits.starts_with("0x");
    if (hexadecimal) digits.remove_prefix(2);
    std::uint64_t number = 0;
    const auto [rest, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), number, hexadecimal ? 16 : 10);
    const bool is_number = error == std::errc() && rest == digits.data() + digits.size();
    request.number = is_number ? std::optional(number) : std::nullopt;
    request.part_of_name = is_number ? "" : word;
}

int print_calls(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    postmortem::SystemCallRequest request;
    request.source_lines = arguments.has("vmlinux");
    if (arguments.rest.empty())
        return print_result(arguments, postmortem::system_calls(dump, request), output);
    postmortem::SystemCallTable all;
    std::string unmatched;
    for (const std::string& word : arguments.rest) {
        name_calls(word, request);
        auto table = postmortem::system_calls(dump, request);
        if (!table) return output.finish(table.error());
        if (table->calls.empty() && table->problems.empty() && unmatched.empty()) unmatched = word;
        all.calls.insert(all.calls.end(), table->calls.begin(), table->calls.end());
        if (all.problems.empty()) all.problems = std::move(table->problems);
    }
    if (unmatched.empty()) return print(arguments, all, output);
    if (arguments.json)
        output.write(to_json(all));
    else if (!all.calls.empty())
        output.write(to_text(all));
    return output.complain("sys: no system call matches '" + unmatched + "'", partial_answer);
}

int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    if (arguments.has("calls")) return print_calls(dump, arguments, output);
    if (arguments.rest.size() == 1 && arguments.rest.front() == "config")
        return print_result(arguments, postmortem::kernel_config(dump), output);
    if (!arguments.rest.empty())
        return output.complain("sys: '" + arguments.rest.back() +
                               "' is neither config nor, with -c, a system call");
    if (arguments.has("dmi")) return print_result(arguments, postmortem::firmware_strings(dump), output);
    const postmortem::SystemInfo info = dump.system_info();
    if (!arguments.has("taint") || arguments.json) return print(arguments, info, output);
    return output.finish(postmortem::taint_to_text(info), info.problems);
}

}  // namespace

const Command sys_command = {"sys", "which kernel died, on which machine, when, and why", syntax, ask,
                             nullptr};

}  // namespace tool
