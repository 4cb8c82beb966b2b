#include <postmortem/neighbours.h>
#include <postmortem/network.h>
#include <postmortem/socket_structs.h>

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
    syntax.shows_types_with = {"structs"};
    syntax.options = {
        on_or_off("sockets,s", "the sockets of the task that brought the kernel down, or of these"),
        on_or_off("structs,S", "the same, with the struct socket and the inet_sock of each"),
        on_or_off("hex,x", "with -S: numbers in hexadecimal"),
        on_or_off("decimal,d", "with -S: numbers in decimal, as they are without this option"),
        on_or_off("arp,a", "the neighbours that ARP knew"),
        on_or_off("namespace,n", "devices of the network namespace of the task that is named")};
    return syntax;
}

int ask_structs(const postmortem::CrashDump& dump, const postmortem::TaskChoice& which,
                const Arguments& arguments, Output& output) {
    const auto structs = postmortem::socket_structs(dump, which);
    if (!structs) return output.finish(structs.error());
    output.expect_much();
    if (arguments.json || arguments.ndjson) return print(arguments, *structs, output);
    return output.finish(postmortem::to_text(*structs, arguments.has("hex")), structs->problems);
}

int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    if (arguments.has("arp")) {
        const auto known = postmortem::neighbours(dump);
        return known ? print(arguments, *known, output) : output.finish(known.error());
    }
    // As crash does: foreach net is about sockets in any case.
    if (arguments.has("hex") && arguments.has("decimal"))
        return output.complain("net: -d and -x exclude each other");
    if (!arguments.has("sockets") && !arguments.has("structs") && !arguments.in_foreach) {
        if (arguments.has("namespace") != (arguments.rest.size() == 1) || arguments.rest.size() > 1)
            return output.complain("net: -n takes one task, and devices none without it; -s shows sockets");
        const auto devices =
            postmortem::net_devices(dump, arguments.rest.empty() ? std::string() : arguments.rest.front());
        return devices ? print(arguments, *devices, output) : output.finish(devices.error());
    }
    postmortem::TaskChoice which;
    which.selectors = arguments.tasks();
    if (arguments.has("structs")) return ask_structs(dump, which, arguments, output);
    const auto sockets = postmortem::open_sockets(dump, which);
    if (!sockets) return output.finish(sockets.error());
    if (arguments.json || arguments.ndjson) return print(arguments, *sockets, output);
    return output.finish(postmortem::to_text(*sockets), sockets->problems);
}

}  // namespace

const Command net_command = {"net", "network devices and sockets", syntax, ask, nullptr};

}  // namespace tool
