#include "commands.h"

namespace tool {
namespace {

// One text for each of the options, in a fixed order.
std::string chosen_text(const Arguments& arguments, const postmortem::MemoryPicture& picture) {
    std::string out;
    const auto add = [&](std::string text) { out += out.empty() ? text : "\n" + text; };
    if (arguments.has("sum")) add(postmortem::memory_sum_to_text(picture));
    if (arguments.has("zones")) add(postmortem::zones_to_text(picture));
    if (arguments.has("slab")) {
        const auto most = arguments.number("top");
        add(postmortem::slab_to_text(picture, arguments.has("all") ? 0 : most));
    }
    if (arguments.has("swap")) add(postmortem::swap_to_text(picture));
    return out.empty() ? postmortem::to_text(picture) : out;
}

Syntax syntax() {
    Syntax syntax{"DUMP",
                  "Says who had the memory. Without an option it prints what /proc/meminfo would have said, "
                  "line by line;\n"
                  "--json has all parts at once.\n\n"
                  "  postmortem meminfo vmcore\n"
                  "  postmortem meminfo --sum --slab vmcore\n"};
    syntax.options = {
        on_or_off("sum", "where MemTotal went: parts that do not overlap, and what is left over"),
        on_or_off("zones", "nodes and zones: watermarks, free blocks, counters (/proc/zoneinfo, buddyinfo)"),
        on_or_off("slab", "slab caches, largest first (/proc/slabinfo)"),
        number("top", 20, "with --slab: how many"),
        on_or_off("all", "with --slab: all of them"),
        on_or_off("swap", "swap areas, zram and zswap (/proc/swaps)")};
    syntax.most_operands = 0;
    syntax.rules.exclusive = {{"top", "all"}};
    syntax.rules.only_with = {{"top", {"slab"}}, {"all", {"slab"}}};
    return syntax;
}

int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    const bool json = arguments.json, sum = arguments.has("sum");
    postmortem::MemoryRequest request;
    request.zones = json || arguments.has("zones");
    request.slab = json || sum || arguments.has("slab");
    request.swap = json || arguments.has("swap");
    request.file_systems = request.vmalloc = request.sum = json || sum;
    postmortem::MemoryPicture picture = dump.memory(request);
    add_lost_pages(picture);
    return output.finish(json ? postmortem::to_json(picture) : chosen_text(arguments, picture),
                         picture.problems);
}

}  // namespace

const Command meminfo_command = {
    "meminfo", "who had the memory: /proc/meminfo, zones, slab, swap, and the sum of it all", syntax, ask,
    nullptr};

}  // namespace tool
