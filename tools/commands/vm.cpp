#include <charconv>

#include <fmt/format.h>

#include <postmortem/address_spaces.h>
#include <postmortem/task_structs.h>

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
    syntax.shows_types_with = {"memory", "areas"};
    syntax.options = {
        on_or_off("pages,p", "where each page lies: in memory, in swap, in a file"),
        text("area,P", "VMA", "the same of the area at this address alone"),
        text("reference,R", "WHAT",
             "only where this mm_struct, page table, area, page, FLAGS value or path occurs"),
        on_or_off("memory,m", "the mm_struct"),
        on_or_off("areas,v", "the vm_area_structs, whole"),
        on_or_off("hex,x", "with -m and -v: numbers in hexadecimal"),
        on_or_off("decimal,d", "with -m and -v: numbers in decimal, as they are without this option"),
        text("flags,f", "FLAGS", "the names of the bits of a FLAGS value; DUMP tells of which kernel")};
    syntax.rules.exclusive = {{"pages", "area", "memory", "areas"}, {"reference", "area", "memory", "areas"}};
    syntax.rules.alone = {{"flags"}};
    syntax.rules.drops_operands = {"flags"};
    syntax.rules.not_in_foreach = {"area", "flags"};
    syntax.rules.only_text = {"flags"};
    return syntax;
}

int ask_memory(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    postmortem::TaskStructRequest request;
    request.words = arguments.tasks();
    request.of_memory = arguments.has("memory");
    request.of_areas = arguments.has("areas");
    const auto structs = postmortem::task_structs(dump, request);
    if (!structs) return output.finish(structs.error());
    output.expect_much();
    if (arguments.json || arguments.ndjson) return print(arguments, *structs, output);
    return output.finish(postmortem::to_text(*structs, arguments.has("hex")), structs->problems);
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
    if (arguments.has("memory") || arguments.has("areas")) return ask_memory(dump, arguments, output);
    postmortem::AddressSpaceRequest request;
    request.which.selectors = arguments.tasks();
    request.pages = arguments.has("pages");
    request.reference = arguments.text("reference");
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
    return output.finish(
        postmortem::to_text(*spaces, {request.pages, request.area.has_value(), !request.reference.empty()}),
        spaces->problems);
}

}  // namespace

const Command vm_command = {"vm", "address spaces of tasks", syntax, ask, nullptr};

}  // namespace tool
