#include "dump/frame_runs.h"

#include <bit>

namespace postmortem {
namespace {

// Of up to 64 frames.
void add_word(std::uint64_t word, std::uint64_t pfn, FrameRuns& runs) {
    if (word == ~0ull) return runs.add({pfn, pfn + 64});
    while (word != 0) {
        const auto first = static_cast<unsigned>(std::countr_zero(word));
        const auto count = static_cast<unsigned>(std::countr_one(word >> first));
        runs.add({pfn + first, pfn + first + count});
        if (first + count == 64) return;
        word &= ~0ull << (first + count);
    }
}

}  // namespace

void add_set_bits(Bytes bits, std::uint64_t first_pfn, FrameRuns& runs) {
    std::size_t i = 0;
    for (; i + 8 <= bits.size(); i += 8) {
        const auto word = load<std::uint64_t>(bits.data() + i, Endian::Little);
        if (word != 0) add_word(word, first_pfn + i * 8, runs);
    }
    for (; i < bits.size(); ++i) add_word(std::to_integer<std::uint64_t>(bits[i]), first_pfn + i * 8, runs);
}

}  // namespace postmortem
