#include <charconv>

#include <fmt/format.h>

#include <postmortem/address_spaces.h>

#include "address_word.h"
#include "commands.h"

namespace tool {
namespace {

Syntax syntax() {
    Syntax syntax{
        "DUMP [PID|TASK|COMM|'REGEX'...]",
        "Shows the address spaces of tasks as crash does: of the task that brought the kernel down, or\n"
        "of those that are selected.\n\n"
        "  postmortem vm vmcore\n"
        "  postmortem vm -p vmcore 1\n"};
    syntax.has_ndjson = true;
    syntax.options = {
        on_or_off("pages,p", "where each page lies: in memory, in swap, in a file"),
        text("area,P", "VMA", "the same of the area at this address alone"),
        text("flags,f", "FLAGS", "the names of the bits of a FLAGS value; DUMP tells of which kernel")};
    return syntax;
}

int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    if (arguments.has("flags")) {
        const auto flags = address_of(arguments.text("flags"));
        if (!flags)
            return output.complain("vm: -f takes a hexadecimal number, not '" + arguments.text("flags") +
                                   "'");
        const auto names = postmortem::vm_flags_text(dump, *flags);
        return names ? output.finish(*names, {}) : output.finish(names.error());
    }
    postmortem::AddressSpaceRequest request;
    request.which.selectors = arguments.tasks();
    request.pages = arguments.has("pages");
    if (arguments.has("area")) {
        request.area = address_of(arguments.text("area"));
        if (!request.area)
            return output.complain("vm: -P takes the address of a vm_area_struct, not '" +
                                   arguments.text("area") + "'");
    }
    const auto spaces = postmortem::address_spaces(dump, request);
    if (!spaces) return output.finish(spaces.error());
    if (arguments.json || arguments.ndjson) return print(arguments, *spaces, output);
    output.expect_much();
    return output.finish(postmortem::to_text(*spaces, {request.pages, request.area.has_value()}),
                         spaces->problems);
}

}  // namespace

const Command vm_command = {"vm", "address spaces of tasks", syntax, ask, nullptr};

}  // namespace tool
