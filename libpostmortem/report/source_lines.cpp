#include "report/source_lines.h"

#include <fmt/format.h>

#include "symbols/source_lines.h"

namespace postmortem {
namespace {

void describe(Frame& frame, const std::vector<SourceFrame>& places) {
    frame.file = places.front().file;
    frame.line = places.front().line;
    if (places.size() == 1) return;
    for (std::size_t i = 0; i + 1 < places.size(); ++i)
        frame.inlined.push_back({places[i].function, places[i].file, places[i].line});
    frame.caller_file = places.back().file;
    frame.caller_line = places.back().line;
}

}  // namespace

Result<void> add_source_lines(const Kernel& kernel, std::vector<Backtrace>& backtraces) {
    const auto vmlinux = kernel.vmlinux();
    if (!vmlinux) return fail(vmlinux.error());
    const auto lines = SourceLines::open(**vmlinux);
    if (!lines) return fail(lines.error());
    const std::uint64_t slide = kernel.vmcoreinfo().hex("KERNELOFFSET").value_or(0);
    for (Backtrace& trace : backtraces) {
        for (Frame& frame : trace.frames) {
            if (!frame.module.empty() || frame.function.empty()) continue;
            // A return address belongs to the call before it.
            const std::uint64_t at = frame.interrupted ? frame.ip : frame.ip - 1;
            if (const auto places = (*lines)->at(at - slide);
                places && !places->empty() && !places->front().file.empty())
                describe(frame, *places);
        }
    }
    return {};
}

}  // namespace postmortem
