#include "dump/kdump/kdump_bitmaps.h"

#include <algorithm>

#include <fmt/format.h>

namespace postmortem {
namespace {

std::uint64_t frames_in_bitmap(const KdumpHeader& header) {
    const std::uint64_t bits = std::min(header.bitmap_bytes(), KdumpBitmaps::max_frames / 8) * 8;
    return std::min({bits, header.max_mapnr, KdumpBitmaps::max_frames});
}

}  // namespace

KdumpBitmaps::KdumpBitmaps(BitmapPlace place, const KdumpHeader& header, const DescriptorTable& table)
    : place_(place),
      header_(header),
      table_(table),
      existing_(place.source, place.existing, frames_in_bitmap(header)),
      dumped_(place.source, place.dumped, frames_in_bitmap(header), first_frame()) {
    if (!are_small()) return;
    dumped_finding();
    existing_wrong();
}

const KdumpBitmaps::DumpedFinding& KdumpBitmaps::dumped_finding() const {
    std::call_once(compare_dumped_, [&] {
        dumped_finding_ = compare_with_table();
        is_compared_.store(true, std::memory_order_release);
    });
    return dumped_finding_;
}

KdumpBitmaps::DumpedFinding KdumpBitmaps::compare_with_table() const {
    const auto pages = dumped_.rank(end_frame());
    if (!pages || !dumped_.is_whole()) return {};  // a bitmap that is cut off is told as such
    if (!header_.split) {
        if (table_.fits(*pages)) return {};
        return {false, said_of(*pages)};
    }
    const bool own_fit = table_.fits_part(*pages);
    if (own_fit && !are_small()) return {};
    const auto room = table_.room();
    if (!room && !table_.holds_sound(*pages))
        return {};  // no page of its own, or none that the file still has
    const std::uint64_t all = dumped_.count_set();
    if (room == *pages || (room == all && own_fit)) return {};
    if (room != all) return {own_fit, said_of(all)};
    // A last page that is not there may be lost. What speaks against the range is one more, or data that is
    // whole.
    if (!table_.holds_sound(*pages) && !table_.ends_with_file(*pages)) return {};
    return {false, said_of_range(*pages)};
}

bool KdumpBitmaps::would_fit(SplitPart range) const {
    if (range.first_pfn >= range.end_pfn || range.end_pfn > dumped_.bits()) return false;
    const RankedBitmap in_range(place_.source, place_.dumped, dumped_.bits(), range.first_pfn);
    const auto pages = in_range.rank(range.end_pfn);
    return pages && *pages != 0 && table_.fits_part(*pages);
}

std::string KdumpBitmaps::said_of_range(std::uint64_t pages) const {
    return fmt::format(
        "the header's range of page frames, {:#x} to {:#x}, is damaged: the dump holds {} pages of it, and "
        "the table "
        "of page descriptors others; which page is which is not certain, so none is read; copy the part "
        "again",
        header_.start_pfn, header_.end_pfn, pages);
}

std::string KdumpBitmaps::said_of(std::uint64_t pages) const {
    const auto room = table_.room();
    return fmt::format(
        "the bitmap of dumped pages is damaged: it has {} pages, and the table of page "
        "descriptors {}; {}copy the dump again",
        pages, room ? fmt::format("{}", *room) : "does not end behind them",
        header_.split ? "" : "which page is which is not certain, so none is read; ");
}

const std::string& KdumpBitmaps::existing_wrong() const {
    std::call_once(compare_existing_, [&] {
        if (!existing_.is_whole() || !dumped_.is_whole() || !dumped_is_sound()) return;
        const std::uint64_t outside = dumped_.count_outside(existing_);
        if (outside == 0) return;
        existing_wrong_ = fmt::format(
            "the bitmap of the machine's page frames is damaged: it lacks {} of the pages that the dump "
            "holds; "
            "which memory the machine had is not certain; copy the dump again",
            outside);
    });
    return existing_wrong_;
}

}  // namespace postmortem
