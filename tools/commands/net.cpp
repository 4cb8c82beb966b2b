#include <algorithm>

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
        text("reference,R", "WHAT", "with -s and -S: this struct socket, sock or descriptor alone"),
        text("number,N", "ADDR", "an IPv4 address as the kernel holds it, a number, in dotted notation"),
        on_or_off("arp,a", "the neighbours that ARP knew"),
        on_or_off("namespace,n",
                  "devices of the network namespace of the task at hand, or of the one that is named")};
    syntax.rules.exclusive = {{"sockets", "structs", "namespace"}};
    syntax.rules.alone = {{"number"}};
    syntax.rules.only_with = {{"hex", {"structs", "sockets"}}, {"decimal", {"structs", "sockets"}}};
    syntax.rules.without_operands = {"number"};
    syntax.rules.not_in_foreach = {"number", "arp", "namespace"};
    syntax.rules.only_text = {"number"};
    return syntax;
}

int complain_of_none(const Arguments& arguments, bool none, Output& output) {
    if (!none || !arguments.has("reference")) return whole_answer;
    return output.finish(
        postmortem::Error(postmortem::ErrorCode::NotFound,
                          "none of these tasks has a socket that is " + arguments.text("reference")));
}

int ask_structs(const postmortem::CrashDump& dump, const postmortem::TaskChoice& which,
                const Arguments& arguments, Output& output) {
    const auto structs = postmortem::socket_structs(dump, which, arguments.text("reference"));
    if (!structs) return output.finish(structs.error());
    if (const int code = complain_of_none(arguments, structs->tasks.empty(), output); code != whole_answer)
        return code;
    output.expect_much();
    if (arguments.json || arguments.ndjson) return print(arguments, *structs, output);
    return output.finish(postmortem::to_text(*structs, arguments.has("hex")), structs->problems);
}

int ask_sockets(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    postmortem::TaskChoice which;
    which.selectors = arguments.tasks();
    if (arguments.has("structs")) return ask_structs(dump, which, arguments, output);
    const auto sockets = postmortem::open_sockets(dump, which, arguments.text("reference"));
    if (!sockets) return output.finish(sockets.error());
    if (const int code = complain_of_none(arguments, sockets->tasks.empty(), output); code != whole_answer)
        return code;
    if (arguments.json || arguments.ndjson) return print(arguments, *sockets, output);
    const bool looked_for = arguments.in_foreach && arguments.has("reference");
    return output.finish(postmortem::to_text(*sockets) + (looked_for ? "\n" : ""), sockets->problems);
}

// Of the first namespace; with -n of that of the task which is named, or is the current one.
int ask_devices(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    postmortem::TaskChoice whose;
    whose.selectors = arguments.tasks();
    const auto devices =
        arguments.has("namespace") ? postmortem::net_devices_of(dump, whose) : postmortem::net_devices(dump);
    return devices ? print(arguments, *devices, output) : output.finish(devices.error());
}

int ask_neighbours(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    const auto known = postmortem::neighbours(dump);
    return known ? print(arguments, *known, output) : output.finish(known.error());
}

// What is wrong with the words, as a sentence; empty where nothing is.
std::string wrong_words(const Arguments& arguments, bool about_sockets) {
    const bool about_devices = arguments.has("namespace"), arp = arguments.has("arp");
    if (arguments.has("reference") && !about_sockets) return "-R looks for a socket with -s or -S";
    if (arp && (about_sockets || about_devices) && (arguments.json || arguments.ndjson))
        return "-a is a document of its own";
    if (!about_sockets && !(arp && !about_devices) && arguments.rest.size() > (about_devices ? 1 : 0))
        return about_devices ? "-n takes one task" : "a task is named with -s, -S or -n";
    return {};
}

int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    if (arguments.has("number")) {
        const auto words = postmortem::ipv4_text(dump, arguments.text("number"));
        return words ? output.finish(*words + "\n", {}) : output.finish(words.error());
    }
    // As crash does: foreach net is about sockets in any case.
    const bool about_sockets = arguments.has("sockets") || arguments.has("structs") || arguments.in_foreach;
    if (const std::string wrong = wrong_words(arguments, about_sockets); !wrong.empty())
        return output.complain("net: " + wrong);
    int neighbours = whole_answer;
    if (arguments.has("arp")) {
        neighbours = ask_neighbours(dump, arguments, output);
        const bool nothing_else = !about_sockets && !arguments.has("namespace");
        if (nothing_else && !arguments.rest.empty())
            output.complain("net: '" + arguments.rest.front() + "' makes no difference beside -a");
        if (nothing_else) return neighbours;
    }
    return std::max(neighbours, about_sockets ? ask_sockets(dump, arguments, output)
                                              : ask_devices(dump, arguments, output));
}

}  // namespace

const Command net_command = {"net", "network devices and sockets", syntax, ask, nullptr};

}  // namespace tool
