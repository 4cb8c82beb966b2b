#include <charconv>

#include <postmortem/system_parts.h>

#include "commands.h"

namespace tool {
namespace {

Syntax syntax() {
    Syntax syntax{
        "DUMP [config | NAME|NUMBER]",
        "Says which kernel died, on which machine, when, and why: crash's banner. The date is in the local\n"
        "time zone (TZ), as crash prints it; --json has UTC, and much more: build-id, command line, taint,\n"
        "CPUs, NUMA nodes, hypervisor, DMI. `config` prints the configuration that the kernel carries.\n\n"
        "  postmortem sys vmcore\n"
        "  postmortem sys -c vmcore read\n"};
    syntax.most_operands = 1;
    syntax.options = {
        on_or_off("calls,c", "the table of system calls; or one number, or those with NAME in their name"),
        on_or_off("taint,t", "the taint mask and its letters"),
        on_or_off("dmi,i", "what the firmware says of the machine")};
    syntax.rules.exclusive = {{"calls", "taint", "dmi"}};
    syntax.rules.without_operands = {"taint", "dmi"};
    return syntax;
}

template <class Answer>
int print_result(const Arguments& arguments, const postmortem::Result<Answer>& answer, Output& output) {
    return answer ? print(arguments, *answer, output) : output.finish(answer.error());
}

// A number is the call itself, as crash has it; a name is part of one.
int print_calls(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    postmortem::SystemCallRequest request;
    request.source_lines = arguments.has("vmlinux");
    if (!arguments.rest.empty()) {
        std::string_view word = arguments.rest.front();
        const bool hexadecimal = word.starts_with("0x");
        if (hexadecimal) word.remove_prefix(2);
        std::uint64_t number = 0;
        const auto [rest, error] =
            std::from_chars(word.data(), word.data() + word.size(), number, hexadecimal ? 16 : 10);
        if (error == std::errc() && rest == word.data() + word.size())
            request.number = number;
        else
            request.part_of_name = arguments.rest.front();
    }
    const auto table = postmortem::system_calls(dump, request);
    if (table && table->calls.empty() && table->problems.empty()) {
        output.write(arguments.json ? postmortem::to_json(*table) : "");
        return output.complain("sys: no system call matches '" + arguments.rest.front() + "'",
                               partial_answer);
    }
    return print_result(arguments, table, output);
}

int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    if (arguments.has("calls")) return print_calls(dump, arguments, output);
    if (!arguments.rest.empty() && arguments.rest.front() == "config")
        return print_result(arguments, postmortem::kernel_config(dump), output);
    if (!arguments.rest.empty())
        return output.complain("sys: '" + arguments.rest.front() +
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
