#include "dump/pages/page_bitmap.h"

#include <algorithm>
#include <array>
#include <bit>
#include <new>
#include <vector>

namespace postmortem {
namespace {

constexpr std::uint64_t pass_bytes = 64 * 1024;  // read at a time by who goes through all of it

// The instruction is missing from the baseline of x86-64 and five times as fast as what replaces it there.
#if defined(__x86_64__) && !defined(__POPCNT__)
#define POSTMORTEM_POPCOUNT_BY_CPU 1

__attribute__((target("popcnt"))) std::uint64_t count_words_popcnt(const std::byte* from, std::size_t words) {
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < words; ++i) {
        total += static_cast<std::uint64_t>(__builtin_popcountll(load<std::uint64_t>(from + 8 * i)));
    }
    return total;
}
#endif

std::uint64_t count_words(const std::byte* from, std::size_t words) {
#ifdef POSTMORTEM_POPCOUNT_BY_CPU
    static const bool fast = __builtin_cpu_supports("popcnt");
    if (fast) return count_words_popcnt(from, words);
#endif
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < words; ++i) {
        total += static_cast<std::uint64_t>(std::popcount(load<std::uint64_t>(from + 8 * i)));
    }
    return total;
}

bool is_zero(Bytes bytes) {
    return bytes.empty() ||
           (bytes[0] == std::byte{0} && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

std::uint64_t count_bytes(Bytes bytes) {
    std::uint64_t total = count_words(bytes.data(), bytes.size() / 8);
    for (const std::byte b : bytes.subspan(bytes.size() / 8 * 8)) {
        total += static_cast<std::uint64_t>(std::popcount(std::to_integer<unsigned>(b)));
    }
    return total;
}

}  // namespace

std::optional<bool> PageBitmap::test(std::uint64_t bit) const {
    if (bit >= bits_) return false;
    std::byte scratch{};
    const auto byte = source_.peek(offset_ + bit / 8, 1, {&scratch, 1});
    if (!byte) return std::nullopt;
    return (std::to_integer<unsigned>(byte->front()) >> (bit % 8) & 1) != 0;
}

std::optional<std::uint64_t> PageBitmap::next_set(std::uint64_t bit) const {
    constexpr unsigned empty_before_asking = 64;  // for holes, which costs a system call
    std::array<std::byte, 1024> scratch;
    for (unsigned empty = 0; bit < bits_; ++empty) {
        if (empty % empty_before_asking == empty_before_asking - 1) bit = end_of_hole(bit);
        const std::uint64_t start = bit / 8;
        const std::uint64_t rest =
            std::min<std::uint64_t>((bits_ + 7) / 8, source_.size() - std::min(source_.size(), offset_));
        if (start >= rest) return std::nullopt;
        const auto bytes =
            source_.peek(offset_ + start, std::min<std::uint64_t>(scratch.size(), rest - start), scratch);
        if (!bytes) return std::nullopt;
        unsigned keep = 0xffu << bit % 8;
        for (std::size_t i = 0; i < bytes->size(); ++i, keep = 0xff) {
            const unsigned set = std::to_integer<unsigned>((*bytes)[i]) & keep & 0xff;
            if (set == 0) continue;
            const std::uint64_t found = (start + i) * 8 + static_cast<std::uint64_t>(std::countr_zero(set));
            return found < bits_ ? std::optional(found) : std::nullopt;
        }
        bit = (start + bytes->size()) * 8;
    }
    return std::nullopt;
}

std::uint64_t PageBitmap::end_of_hole(std::uint64_t bit) const {
    const std::uint64_t at = offset_ + bit / 8, end = std::max(source_.end_of_hole(at), at);
    return end == at ? bit : std::min((end - offset_) * 8, std::max(bits_, bit));
}

void PageBitmap::copy(std::uint64_t first, MutableBytes out) const {
    if (first >= bits_) return;
    const std::uint64_t there =
        offset_ + first / 8 < source_.size() ? source_.size() - offset_ - first / 8 : 0;
    const std::uint64_t length = std::min<std::uint64_t>({out.size(), (bits_ - first + 7) / 8, there});
    const auto bytes = source_.read(offset_ + first / 8, length, out.first(length));
    if (!bytes || length == 0) return;
    if (bytes->data() != out.data()) std::memcpy(out.data(), bytes->data(), length);
    const std::uint64_t end = first + length * 8;
    if (end > bits_) out[length - 1] &= std::byte(0xff >> (end - bits_));
}

// Not through the map of the file: a bitmap of terabytes would stay in memory.
template <typename Visit>
void PageBitmap::each_piece(std::uint64_t first, std::uint64_t end, Visit visit) const {
    constexpr std::uint64_t pass_bits = pass_bytes * 8;
    std::vector<std::byte> piece(pass_bytes);
    bool was_empty = false;
    end = std::min(end, bits_);
    for (std::uint64_t bit = first / 8 * 8; bit < end; bit += pass_bits) {
        if (was_empty) bit += (end_of_hole(bit) - bit) / pass_bits * pass_bits;
        if (bit >= end) return;
        const std::uint64_t at = offset_ + bit / 8;
        const std::uint64_t there = source_.size() - std::min(source_.size(), at);
        const std::uint64_t length = std::min<std::uint64_t>({pass_bytes, (end - bit + 7) / 8, there});
        const MutableBytes bytes = MutableBytes(piece).first(length);
        if (length == 0 || !source_.skim(at, bytes)) return;
        if (bit < first) bytes[0] &= std::byte(0xff << (first - bit));
        if (bit + length * 8 > end) bytes[length - 1] &= std::byte(0xff >> (bit + length * 8 - end));
        visit(bit, Bytes(bytes));
        was_empty = is_zero(bytes);
    }
}

void PageBitmap::each_run(std::uint64_t first, std::uint64_t end, FrameRuns& runs) const {
    each_piece(first, end, [&](std::uint64_t bit, Bytes bytes) { add_set_bits(bytes, bit, runs); });
}

std::uint64_t PageBitmap::count_set() const {
    std::uint64_t set = 0;
    each_piece(0, bits_, [&](std::uint64_t, Bytes bytes) { set += count_bytes(bytes); });
    return set;
}

std::uint64_t PageBitmap::count_outside(const PageBitmap& other) const {
    std::uint64_t outside = 0;
    std::vector<std::byte> theirs(pass_bytes);
    each_piece(0, bits_, [&](std::uint64_t bit, Bytes ours) {
        const MutableBytes bytes = MutableBytes(theirs).first(ours.size());
        if (!other.source_.skim(other.offset_ + bit / 8, bytes)) return;
        for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = ours[i] & ~bytes[i];
        outside += count_bytes(bytes);
    });
    return outside;
}

RankedBitmap::RankedBitmap(const ByteSource& source, std::uint64_t offset, std::uint64_t bits,
                           std::uint64_t first_bit)
    : PageBitmap(source, offset, bits),
      first_bit_(std::min(first_bit, bits)),
      base_(first_bit_ / block_bits * block_bits) {
    const std::uint64_t blocks = (bits_ - base_) / block_bits + 1;
    before_block_.reset(new (std::nothrow) std::uint64_t[blocks]);
    if (before_block_) before_block_[0] = 0;
    before_first_ = count(base_, first_bit_);
}

// At most one block, which begins at a multiple of block_bits.
std::optional<std::uint64_t> RankedBitmap::count(std::uint64_t from, std::uint64_t to) const {
    if (from == to) return 0;
    std::array<std::byte, block_bits / 8> scratch;
    const auto bytes = source_.peek(offset_ + from / 8, (to - from + 7) / 8, scratch);
    if (!bytes) return std::nullopt;
    const std::uint64_t whole = (to - from) / 8;
    std::uint64_t total = count_bytes(bytes->first(whole));
    if (to % 8 != 0) {
        const unsigned last = std::to_integer<unsigned>((*bytes)[whole]) & ((1u << to % 8) - 1);
        total += static_cast<std::uint64_t>(std::popcount(last));
    }
    return total;
}

// Where the block before was empty, a hole may go on from there: 8 GiB of bitmap can take no room at all.
std::uint64_t RankedBitmap::known_beyond_hole(std::uint64_t known, std::uint64_t block) const {
    if (known < 2 || before_block_[known - 1] != before_block_[known - 2]) return known;
    const std::uint64_t start = base_ + (known - 1) * block_bits;
    const std::uint64_t blocks = std::min((end_of_hole(start) - start) / block_bits, block + 1 - known);
    std::fill_n(&before_block_[known], blocks, before_block_[known - 1]);
    return known + blocks;
}

bool RankedBitmap::extend_to(std::uint64_t block) const {
    constexpr std::uint64_t block_bytes = block_bits / 8, blocks_in_a_pass = pass_bytes / block_bytes;
    const std::lock_guard lock(extending_);
    std::uint64_t known = known_.load(std::memory_order_relaxed);
    std::vector<std::byte> pass;
    while (known <= block) {
        known = known_beyond_hole(known, block);
        if (known > block) break;
        const std::uint64_t start = base_ + (known - 1) * block_bits;
        const std::uint64_t blocks = std::min(block + 1 - known, blocks_in_a_pass);
        pass.resize(blocks * block_bytes);
        if (blocks == 1 || !source_.skim(offset_ + start / 8, pass)) {  // the last one ends early
            const auto set = count(start, start + block_bits);
            if (!set) break;
            before_block_[known] = before_block_[known - 1] + *set;
            ++known;
            continue;
        }
        for (std::uint64_t i = 0; i < blocks; ++i, ++known)
            before_block_[known] =
                before_block_[known - 1] + count_bytes(Bytes(pass).subspan(i * block_bytes, block_bytes));
    }
    known_.store(known, std::memory_order_release);
    return known > block;
}

// Whole blocks behind those that are known, where `bytes` begin at one.
void RankedBitmap::note_counts(std::uint64_t bit, Bytes bytes) const {
    if (bit < base_ || (bit - base_) % block_bits != 0 || !before_block_) return;
    const std::lock_guard lock(extending_);
    std::uint64_t known = known_.load(std::memory_order_relaxed);
    std::uint64_t block = (bit - base_) / block_bits;
    for (; bytes.size() >= block_bits / 8; bytes = bytes.subspan(block_bits / 8), ++block) {
        if (block + 1 != known) continue;
        before_block_[known] = before_block_[block] + count_bytes(bytes.first(block_bits / 8));
        ++known;
    }
    known_.store(known, std::memory_order_release);
}

void RankedBitmap::each_run(std::uint64_t first, std::uint64_t end, FrameRuns& runs) const {
    // What is cut off in front or behind is no block's count.
    const std::uint64_t whole = std::min(end, bits_) / block_bits * block_bits;
    each_piece(first, end, [&](std::uint64_t bit, Bytes bytes) {
        add_set_bits(bytes, bit, runs);
        if (bit >= first && bit < whole)
            note_counts(bit, bytes.first(std::min<std::uint64_t>(bytes.size(), (whole - bit) / 8)));
    });
}

std::optional<std::uint64_t> RankedBitmap::rank(std::uint64_t bit) const {
    bit = std::clamp(bit, first_bit_, bits_);
    const std::uint64_t block = (bit - base_) / block_bits;
    if (!before_block_ || !before_first_) return std::nullopt;
    if (block >= known_.load(std::memory_order_acquire) && !extend_to(block)) return std::nullopt;
    const auto rest = count(base_ + block * block_bits, bit);
    if (!rest) return std::nullopt;
    return before_block_[block] + *rest - *before_first_;
}

}  // namespace postmortem
