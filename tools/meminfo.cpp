#include "commands.h"

namespace tool {
namespace {

// One text for each of the options, in a fixed order.
std::string chosen_text(const Arguments& arguments, const postmortem::MemoryPicture& picture) {
    std::string out;
    const auto add = [&](std::string text) { out += out.empty() ? text : "\n" + text; };
    if (arguments.flag("sum")) add(postmortem::memory_sum_to_text(picture));
    if (arguments.flag("zones")) add(postmortem::zones_to_text(picture));
    if (arguments.flag("slab")) {
        const auto most = arguments.options["top"].as<unsigned>();
        add(postmortem::slab_to_text(picture, arguments.flag("all") ? 0 : most));
    }
    if (arguments.flag("swap")) add(postmortem::swap_to_text(picture));
    return out.empty() ? postmortem::to_text(picture) : out;
}

Syntax syntax() {
    namespace po = boost::program_options;
    Syntax syntax{"DUMP",
                  "Says who had the memory. Without an option it prints what /proc/meminfo would have said, "
                  "line by line;\n"
                  "--json has all parts at once.\n\n"
                  "  postmortem meminfo vmcore\n"
                  "  postmortem meminfo --sum --slab vmcore\n"};
    syntax.options.add_options()("sum", po::bool_switch(),
                                 "where MemTotal went: parts that do not overlap, and what is left over")(
        "zones", po::bool_switch(),
        "nodes and zones: watermarks, free blocks, counters (/proc/zoneinfo, buddyinfo)")(
        "slab", po::bool_switch(), "slab caches, largest first (/proc/slabinfo)")(
        "top", po::value<unsigned>()->default_value(20)->value_name("N"), "with --slab: how many")(
        "all", po::bool_switch(), "with --slab: all of them")("swap", po::bool_switch(),
                                                              "swap areas, zram and zswap (/proc/swaps)");
    syntax.most_operands = 0;
    return syntax;
}

int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    const bool json = arguments.json, sum = arguments.flag("sum");
    postmortem::MemoryRequest request;
    request.zones = json || arguments.flag("zones");
    request.slab = json || sum || arguments.flag("slab");
    request.swap = json || arguments.flag("swap");
    request.file_systems = request.vmalloc = request.sum = json || sum;
    const postmortem::MemoryPicture picture = dump.memory(request);
    return output.finish(json ? postmortem::to_json(picture) : chosen_text(arguments, picture),
                         picture.problems);
}

}  // namespace

const Command meminfo_command = {
    "meminfo", "who had the memory: /proc/meminfo, zones, slab, swap, and the sum of it all", syntax, ask,
    nullptr};

}  // namespace tool
