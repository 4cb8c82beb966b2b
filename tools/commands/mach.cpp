#include <postmortem/machine.h>

#include "commands.h"

namespace tool {
namespace {

Syntax syntax() {
    Syntax syntax{"DUMP",
                  "Shows what the machine was made of, as crash does: its kind, where parts of the kernel's "
                  "address\nspace begin, the stacks of its CPUs.\n\n"
                  "  postmortem mach vmcore\n"
                  "  postmortem mach -m vmcore\n"};
    syntax.rules.surplus_from = 0;
    syntax.shows_types_with = {"cpus"};
    syntax.options = {
        on_or_off("memory-map,m", "physical memory, as the firmware told it; x86 alone"),
        on_or_off("cpus,c", "what the kernel keeps of each CPU (struct cpuinfo_x86); x86 alone"),
        on_or_off("hex,x", "with -c: numbers in hexadecimal"),
        on_or_off("decimal,d", "with -c: numbers in decimal, as they are without this option")};
    return syntax;
}

int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    const bool map = arguments.has("memory-map"), cpus = arguments.has("cpus");
    auto machine = postmortem::machine(dump, {map, cpus});
    if (!machine) return output.finish(machine.error());
    add_lost_pages(*machine);
    output.expect_much();
    return output.finish(
        arguments.json ? to_json(*machine) : to_text(*machine, {map, cpus, arguments.has("hex")}),
        machine->problems);
}

}  // namespace

const Command mach_command = {"mach", "what the machine was made of", syntax, ask, nullptr};

}  // namespace tool
