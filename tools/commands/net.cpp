#include <postmortem/network.h>

#include "commands.h"

namespace tool {
namespace {

Syntax syntax() {
    Syntax syntax{
        "DUMP [PID|TASK|COMM|'REGEX'...]",
        "Lists network devices and their addresses, or the sockets that tasks have open, as crash does.\n\n"
        "  postmortem net vmcore\n"
        "  postmortem net -s vmcore sshd\n"};
    syntax.has_ndjson = true;
    syntax.options = {
        on_or_off("sockets,s", "the sockets of the task that brought the kernel down, or of these"),
        on_or_off("namespace,n", "devices of the network namespace of the task that is named")};
    return syntax;
}

int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    // As crash does: foreach net is about sockets in any case.
    if (!arguments.has("sockets") && !arguments.in_foreach) {
        if (arguments.has("namespace") != (arguments.rest.size() == 1) || arguments.rest.size() > 1)
            return output.complain("net: -n takes one task, and devices none without it; -s shows sockets");
        const auto devices =
            postmortem::net_devices(dump, arguments.rest.empty() ? std::string() : arguments.rest.front());
        return devices ? print(arguments, *devices, output) : output.finish(devices.error());
    }
    postmortem::TaskChoice which;
    which.selectors = arguments.tasks();
    const auto sockets = postmortem::open_sockets(dump, which);
    if (!sockets) return output.finish(sockets.error());
    if (arguments.json || arguments.ndjson) return print(arguments, *sockets, output);
    return output.finish(postmortem::to_text(*sockets), sockets->problems);
}

}  // namespace

const Command net_command = {"net", "network devices and sockets", syntax, ask, nullptr};

}  // namespace tool
