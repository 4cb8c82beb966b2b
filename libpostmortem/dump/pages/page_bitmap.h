// The two bitmaps of a kdump-compressed file: which page frames existed, and which were dumped. The second
// also ranks: the descriptor of a page is found by counting the dumped pages before it. Counting is done on
// demand, so that opening the dump of a 4 TiB machine does not read its 128 MiB of bitmap.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>

#include "dump/byte_source.h"
#include "dump/frame_runs.h"

namespace postmortem {

/// One bit per page frame, the lowest frame in the lowest bit of the first byte. Bits past the end are clear.
class PageBitmap {
  public:
    PageBitmap(const ByteSource& source, std::uint64_t offset, std::uint64_t bits)
        : source_(source), offset_(offset), bits_(bits) {}

    std::uint64_t bits() const { return bits_; }
    /// Nothing where the file ends before this bit.
    std::optional<bool> test(std::uint64_t bit) const;
    /// The lowest set bit from `bit` on; nothing where none follows, or the file ends before it.
    std::optional<std::uint64_t> next_set(std::uint64_t bit) const;
    /// The set bits of [first, end), in runs, as far as the file goes.
    void each_run(std::uint64_t first, std::uint64_t end, FrameRuns& runs) const;
    /// How many bits are set, and how many of these are clear in `other`; as far as the file goes.
    std::uint64_t count_set() const;
    std::uint64_t count_outside(const PageBitmap& other) const;
    /// Whether the file has all of it.
    bool is_whole() const { return source_.count_there(offset_, bytes()) == bytes(); }
    std::uint64_t bytes() const { return bits_ / 8 + (bits_ % 8 != 0); }
    /// Copies the bits from `first` (a multiple of 8) on to `out`, as far as they go.
    void copy(std::uint64_t first, MutableBytes out) const;

  protected:
    /// Calls `visit(bit, bytes)` for the bits of [first, end) by pieces, each from a multiple of 8 on; bits
    /// outside are clear. Large holes are passed over. Where the file ends, so do they.
    template <typename Visit>
    void each_piece(std::uint64_t first, std::uint64_t end, Visit visit) const;
    /// All bits from `bit` up to there lie in a hole of the file, so are clear; `bit` where none begins
    /// there.
    std::uint64_t end_of_hole(std::uint64_t bit) const;

    const ByteSource& source_;
    std::uint64_t offset_;
    std::uint64_t bits_;
};

class RankedBitmap final : public PageBitmap {
  public:
    /// Counts from `first_bit` on, which is 0 except in a part of a split dump.
    RankedBitmap(const ByteSource& source, std::uint64_t offset, std::uint64_t bits,
                 std::uint64_t first_bit = 0);

    /// How many bits are set in [first_bit, bit); nothing where the file ends before `bit`. The first
    /// question about a high frame reads the bitmap up to there, once. Safe to call from several threads at
    /// once.
    std::optional<std::uint64_t> rank(std::uint64_t bit) const;
    /// Whether rank() of any bit costs no more than a block.
    bool is_counted() const { return known_.load(std::memory_order_acquire) > (bits_ - base_) / block_bits; }
    /// As PageBitmap's; what is counted on the way, rank() need not count again.
    void each_run(std::uint64_t first, std::uint64_t end, FrameRuns& runs) const;

  private:
    static constexpr std::uint64_t block_bits = 8192;

    std::optional<std::uint64_t> count(std::uint64_t from, std::uint64_t to) const;
    bool extend_to(std::uint64_t block) const;
    std::uint64_t known_beyond_hole(std::uint64_t known, std::uint64_t block) const;
    void note_counts(std::uint64_t bit, Bytes bytes) const;

    std::uint64_t first_bit_;
    std::uint64_t base_;  // first_bit_ rounded down to a block
    // Set bits in [base_, start of block i), filled in order; the entries below known_ never change again.
    mutable std::unique_ptr<std::uint64_t[]> before_block_;
    mutable std::atomic<std::uint64_t> known_ = 1;
    mutable std::mutex extending_;
    std::optional<std::uint64_t> before_first_;  // set bits in [base_, first_bit_)
};

}  // namespace postmortem
