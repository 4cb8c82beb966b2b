#include <postmortem/devices.h>

#include "commands.h"

namespace tool {
namespace {

Syntax syntax() {
    Syntax syntax{
        "DUMP",
        "Shows who has which device numbers, as crash does; or the disks, with the requests that were in\n"
        "flight.\n\n"
        "  postmortem dev -d vmcore\n"};
    syntax.most_operands = 0;
    syntax.options = {on_or_off("disks,d", "the disks and their requests in flight; no loop and ram devices"),
                      on_or_off("busy-disks,D", "those alone that had requests in flight")};
    return syntax;
}

int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    const postmortem::DeviceTable table = postmortem::devices(dump);
    const bool busy = arguments.has("busy-disks");
    if (arguments.json || (!busy && !arguments.has("disks"))) return print(arguments, table, output);
    return output.finish(postmortem::disks_to_text(table, busy), table.problems);
}

}  // namespace

const Command dev_command = {"dev", "devices by number, and the disks' requests in flight", syntax, ask,
                             nullptr};

}  // namespace tool
