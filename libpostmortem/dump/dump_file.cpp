#include "dump/dump_file.h"

#include "dump/frame_runs.h"

namespace postmortem {

// The answers for a format that has no better way to tell than by trying.
std::optional<std::uint64_t> DumpFile::next_frame(std::uint64_t pfn) const {
    std::vector<std::byte> scratch(page_size());
    for (; pfn < info().max_pfn; ++pfn) {
        if (page(pfn * page_size(), scratch)) return pfn;
    }
    return std::nullopt;
}

void DumpFile::existing_frames(std::uint64_t first_pfn, MutableBytes bits) const {
    std::vector<std::byte> scratch(page_size());
    for (std::uint64_t i = 0; i < bits.size() * 8 && first_pfn + i < info().max_pfn; ++i) {
        const auto got = page((first_pfn + i) * page_size(), scratch);
        if (got || got.error().code != ErrorCode::NoSuchMemory) bits[i / 8] |= std::byte{1} << i % 8;
    }
}

void DumpFile::each_promised_run(const FrameRunVisitor& visit) const {
    FrameRuns runs(visit);
    for (auto pfn = next_frame(0); pfn; pfn = next_frame(*pfn + 1)) runs.add({*pfn, *pfn + 1});
}

void DumpFile::each_existing_run(const FrameRunVisitor& visit) const {
    FrameRuns runs(visit);
    std::vector<std::byte> bits(64 * 1024);
    for (std::uint64_t pfn = 0; pfn < info().max_pfn; pfn += bits.size() * 8) {
        std::fill(bits.begin(), bits.end(), std::byte{0});
        existing_frames(pfn, bits);
        add_set_bits(bits, pfn, runs);
    }
}

}  // namespace postmortem
