// Which page frames a kdump-compressed file says existed, and which it holds; and whether that can be
// believed: the number of pages has to fit the table of page descriptors, and each page that is there
// existed.
#pragma once

#include <mutex>
#include <string>

#include "dump/kdump/kdump_descriptors.h"
#include "dump/pages/page_bitmap.h"

namespace postmortem {

/// Where the bitmaps lie: in the file itself, or in another part of a split dump, which has the same.
struct BitmapPlace {
    const ByteSource& source;
    std::uint64_t existing = 0, dumped = 0;  ///< byte of the file
};

class KdumpBitmaps {
  public:
    /// No machine has more memory than this many page frames (256 TiB at 4 KiB each), whatever a header
    /// claims.
    static constexpr std::uint64_t max_frames = 1ull << 36;

    /// Borrows all of them. Bitmaps of a machine of up to 1 TiB are compared with the table at once.
    KdumpBitmaps(BitmapPlace place, const KdumpHeader& header, const DescriptorTable& table);

    const PageBitmap& existing() const { return existing_; }
    const RankedBitmap& dumped() const { return dumped_; }
    const BitmapPlace& place() const { return place_; }
    std::uint64_t first_frame() const { return header_.split ? header_.start_pfn : 0; }
    std::uint64_t end_frame() const { return header_.split ? header_.end_pfn : dumped_.bits(); }

    /// Whether a page can be told from its neighbours. Of a larger machine it takes a look at all of the
    /// bitmap, so it is found out when all of it has been read anyway: true until then.
    bool places_are_certain() const {
        return !(is_compared_.load(std::memory_order_acquire) || dumped_.is_counted()) ||
               dumped_finding().places_certain;
    }
    /// Nothing wrong with the bitmap of dumped pages? To be asked before a page is said to be left out.
    bool dumped_is_sound() const { return dumped_finding().wrong.empty(); }
    /// Nor with the one of the machine's? To be asked before the machine is said to have no memory somewhere.
    bool existing_is_sound() const { return existing_wrong().empty(); }

    /// What is wrong in words, empty where nothing is. Goes through all of a bitmap, once.
    const std::string& dumped_wrong() const { return dumped_finding().wrong; }
    const std::string& existing_wrong() const;

    /// Of a part of a split dump: whether the table holds the pages of the frames that the header gives it,
    /// and whether it would those of `range`.
    bool range_fits() const { return table_.fits_part(dumped_.rank(end_frame()).value_or(0)); }
    bool would_fit(SplitPart range) const;

    /// Small enough for that to cost nothing.
    bool are_small() const { return dumped_.bytes() <= small_bytes; }

  private:
    static constexpr std::uint64_t small_bytes = 32u << 20;

    struct DumpedFinding {
        bool places_certain = true;
        std::string wrong;
    };
    const DumpedFinding& dumped_finding() const;
    DumpedFinding compare_with_table() const;
    std::string said_of(std::uint64_t pages) const;
    std::string said_of_range(std::uint64_t pages) const;

    BitmapPlace place_;
    const KdumpHeader& header_;
    const DescriptorTable& table_;
    PageBitmap existing_;
    RankedBitmap dumped_;
    mutable std::once_flag compare_dumped_, compare_existing_;
    mutable std::atomic<bool> is_compared_ = false;
    mutable DumpedFinding dumped_finding_;
    mutable std::string existing_wrong_;
};

}  // namespace postmortem
