#include <cstdio>

#include <fmt/format.h>
#include <unistd.h>

#include <postmortem/extract.h>

#include "commands.h"

namespace tool {
namespace {

// On a terminal only: one line that each step overwrites.
void show_step(std::string_view step) {
    if (::isatty(STDERR_FILENO) == 0) return;
    fmt::print(stderr, "\r\x1b[Kextract: {}", step);
    std::fflush(stderr);
}

void end_progress() {
    if (::isatty(STDERR_FILENO) != 0) fmt::print(stderr, "\r\x1b[K");
}

Syntax syntax() {
    Syntax syntax{
        "DUMP -o SMALL",
        "Writes a new dump, kdump-compressed (zstd), that holds only the pages that log, sys, ps, bt, "
        "runq,\n"
        "report, panic, hang, oom, meminfo, mod, sym, files, net, sig, vm, task, irq, timer, mount, dev,\n"
        "swap, ipcs, mach and kmem's sums need: it asks all that they ask, and they answer the same from\n"
        "it. A dump of gigabytes becomes a few MB that can be mailed. What else is asked of it, what\n"
        "processes had in their memory for one, it says to be missing.\n\n"
        "  postmortem extract /var/crash/202611210239/vmcore -o small.vmcore\n"};
    syntax.options = {text("output,o", "SMALL", "the file to write"),
                      number("level", 6, "compression level of zstd, 1 to 22")};
    syntax.most_operands = 0;
    syntax.makes = {"output"};
    syntax.has_json = false;
    return syntax;
}

int read(const Arguments& arguments, Output& output) {
    if (!arguments.has("output"))
        return output.complain("extract: say with -o which file to write; see `postmortem extract --help`");
    postmortem::ExtractOptions options;
    options.compression_level = static_cast<int>(std::min<std::uint64_t>(arguments.number("level"), 23));
    if (options.compression_level < 1 || options.compression_level > 22)
        return output.complain("extract: --level takes a number from 1 to 22");
    options.open = arguments.open_options();
    options.progress = show_step;

    const std::string target = arguments.text("output");
    const auto summary = postmortem::extract(arguments.dump, target, options);
    end_progress();
    if (!summary) return output.complain(summary.error().message, unusable_input);
    return output.finish(fmt::format("{}: {} pages, {:.1f} MB (from {:.1f} MB)\n", target, summary->pages,
                                     static_cast<double>(summary->bytes) / 1e6,
                                     static_cast<double>(summary->source_bytes) / 1e6),
                         summary->problems);
}

}  // namespace

const Command extract_command = {"extract", "write a small dump of the pages that a diagnosis needs", syntax,
                                 nullptr, read};

}  // namespace tool
