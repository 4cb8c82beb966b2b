#include "report/backtrace/source_lines.h"

namespace postmortem {

Result<SourceAnnotator> SourceAnnotator::open(const Kernel& kernel, bool with_inlined) {
    const auto vmlinux = kernel.vmlinux();
    if (!vmlinux) return fail(vmlinux.error());
    auto lines = SourceLines::open(**vmlinux);
    if (!lines) return fail(std::move(lines.error()));
    return SourceAnnotator(std::move(*lines), kernel.slide(**vmlinux), with_inlined);
}

void SourceAnnotator::describe(Frame& frame, const std::vector<SourceFrame>& places) const {
    frame.file = places.front().file;
    frame.line = places.front().line;
    if (!with_inlined_ || places.size() == 1) return;
    for (std::size_t i = 0; i + 1 < places.size(); ++i)
        frame.inlined.push_back({places[i].function, places[i].file, places[i].line});
    frame.caller_file = places.back().file;
    frame.caller_line = places.back().line;
}

void SourceAnnotator::annotate(Backtrace& trace) const {
    for (Frame& frame : trace.frames) {
        frame.file.reset();
        frame.inlined.clear();
        frame.caller_file.reset();
        if (!frame.module.empty() || frame.function.empty()) continue;
        // A return address belongs to the call before it.
        const std::uint64_t at = frame.interrupted ? frame.ip : frame.ip - 1;
        const auto places = lines_->at(at - slide_);
        if (places && !places->empty() && !places->front().file.empty()) describe(frame, *places);
    }
}

}  // namespace postmortem
