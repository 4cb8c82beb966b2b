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

// How many bytes hold this word over and over, in whole pieces of 64: most of a bitmap is all set or all
// clear.
std::size_t repeated(Bytes bits, std::uint64_t word) {
    constexpr std::size_t piece = 64;
    std::size_t done = 0;
    for (; done + piece <= bits.size(); done += piece) {
        std::uint64_t differs = 0;
        for (std::size_t i = 0; i < piece; i += 8)
            differs |= load<std::uint64_t>(bits.data() + done + i) ^ word;
        if (differs != 0) break;
    }
    return done;
}

}  // namespace

void add_set_bits(Bytes bits, std::uint64_t first_pfn, FrameRuns& runs) {
    std::size_t i = 0;
    while (i + 8 <= bits.size()) {
        const auto word = load<std::uint64_t>(bits.data() + i, Endian::Little);
        const std::size_t same = word == 0 || word == ~0ull ? repeated(bits.subspan(i), word) : 0;
        if (same != 0) {
            if (word != 0) runs.add({first_pfn + i * 8, first_pfn + (i + same) * 8});
            i += same;
            continue;
        }
        if (word != 0) add_word(word, first_pfn + i * 8, runs);
        i += 8;
    }
    for (; i < bits.size(); ++i) add_word(std::to_integer<std::uint64_t>(bits[i]), first_pfn + i * 8, runs);
}

}  // namespace postmortem
