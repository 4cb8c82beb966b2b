#include <postmortem/devices.h>
#include <postmortem/io_resources.h>
#include <postmortem/pci_devices.h>

#include "commands.h"

namespace tool {
namespace {

Syntax syntax() {
    Syntax syntax{
        "DUMP",
        "Shows who has which device numbers, as crash does; or the disks, with the requests that were in\n"
        "flight; or who has which I/O ports and physical addresses.\n\n"
        "  postmortem dev -d vmcore\n"};
    syntax.options = {on_or_off("disks,d", "the disks and their requests in flight; no loop and ram devices"),
                      on_or_off("busy-disks,D", "those alone that had requests in flight"),
                      on_or_off("io,i", "I/O ports and physical addresses, and whose they are"),
                      on_or_off("pci,p", "the PCI buses and what was on them")};
    syntax.rules.first_given = {{"disks", "busy-disks", "io", "pci"}};
    syntax.rules.drops_operands = {"disks", "busy-disks", "io", "pci"};
    return syntax;
}

int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    if (!arguments.rest.empty())
        return output.complain("dev: '" + arguments.rest.front() + "' is one argument too many");
    if (arguments.has("pci")) {
        const auto buses = postmortem::pci_buses(dump);
        return buses ? print(arguments, *buses, output) : output.finish(buses.error());
    }
    if (arguments.has("io")) return print(arguments, postmortem::io_resources(dump), output);
    const postmortem::DeviceTable table = postmortem::devices(dump);
    const bool busy = arguments.has("busy-disks");
    if (arguments.json || (!busy && !arguments.has("disks"))) return print(arguments, table, output);
    return output.finish(postmortem::disks_to_text(table, busy), table.problems);
}

}  // namespace

const Command dev_command = {"dev", "devices by number, and the disks' requests in flight", syntax, ask,
                             nullptr};

}  // namespace tool
