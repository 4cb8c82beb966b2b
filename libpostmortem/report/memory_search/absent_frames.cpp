#include "report/memory_search/absent_frames.h"

#include <algorithm>

namespace postmortem {

AbsentFrames::AbsentFrames(const DumpFile& dump) : dump_(dump) {
    dump.each_existing_run([&](FrameRun run) { existing_.push_back(run); });
}

std::uint64_t AbsentFrames::end_of_gap(std::uint64_t pfn, std::uint64_t end) const {
    return std::min(end, dump_.next_frame(pfn).value_or(end));
}

AbsentFrames::Count AbsentFrames::count(std::uint64_t pfn, std::uint64_t end) const {
    Count count;
    auto run = std::upper_bound(existing_.begin(), existing_.end(), pfn,
                                [](std::uint64_t frame, const FrameRun& one) { return frame < one.end_pfn; });
    for (; run != existing_.end() && run->first_pfn < end; ++run)
        add(std::max(pfn, run->first_pfn), std::min(end, run->end_pfn), count);
    return count;
}

// Neighbours are absent for the same reason, but where one run of them meets another.
void AbsentFrames::add(std::uint64_t pfn, std::uint64_t end, Count& count) const {
    const ErrorCode why = why_absent(pfn);
    if (why != why_absent(end - 1)) {
        const std::uint64_t middle = pfn + (end - pfn) / 2;
        add(pfn, middle, count);
        return add(middle, end, count);
    }
    if (why == ErrorCode::PageExcluded) count.excluded += end - pfn;
    if (why == ErrorCode::PageMissing || why == ErrorCode::Corrupt) count.unreadable += end - pfn;
}

ErrorCode AbsentFrames::why_absent(std::uint64_t pfn) const {
    std::vector<std::byte> scratch(dump_.page_size());
    const auto page = dump_.page(pfn * dump_.page_size(), scratch);
    return page ? ErrorCode::NotFound : page.error().code;
}

}  // namespace postmortem
