#include "dump/pages/extent_pages.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "base/checked.h"
#include "dump/frame_runs.h"

namespace postmortem {
namespace {

// A header can claim a machine of terabytes: whole bytes are set at once.
void set_bits(MutableBytes bits, std::uint64_t first, std::uint64_t end) {
    const auto set = [&](std::uint64_t bit) { bits[bit / 8] |= std::byte{1} << bit % 8; };
    while (first < end && first % 8 != 0) set(first++);
    while (first < end && end % 8 != 0) set(--end);
    std::fill(bits.begin() + static_cast<std::ptrdiff_t>(first / 8),
              bits.begin() + static_cast<std::ptrdiff_t>(end / 8), std::byte{0xff});
}

}  // namespace

// A stretch is stored up to filesz, as far as the file goes; what memsz adds, the writer left out.
void ExtentPages::add(std::uint64_t paddr, std::uint64_t filesz, std::uint64_t memsz, std::uint64_t offset) {
    const std::uint64_t room = max_end - std::min(paddr, max_end);
    beyond_bytes_ += std::max(filesz, memsz) - std::min(std::max(filesz, memsz), room);
    filesz = std::min(filesz, room);
    memsz = std::min(std::max(memsz, filesz), room);
    const std::uint64_t available = offset < source_.size() ? source_.size() - offset : 0;
    const std::uint64_t stored = std::min(filesz, available);
    stored_.add({paddr, paddr + stored, offset});
    cut_off_.add({paddr + stored, paddr + filesz, 0});
    left_out_.add({paddr + filesz, paddr + memsz, 0});
    cut_off_bytes_ += filesz - stored;
    end_of_memory_ = std::max(end_of_memory_, paddr + memsz);
}

void ExtentPages::seal() {
    stored_.seal();
    cut_off_.seal();
    left_out_.seal();
}

Error ExtentPages::cut_off_problem() const {
    return {ErrorCode::PageMissing,
            fmt::format("the file is truncated: it ends at byte {}, and {} bytes of memory are missing",
                        source_.size(), cut_off_bytes_)};
}

Error ExtentPages::beyond_problem() const {
    return {
        ErrorCode::Corrupt,
        fmt::format("{} bytes of memory would lie behind the last address there can be, {:#x}, and are left "
                    "out",
                    beyond_bytes_, max_end)};
}

Result<PageBytes> ExtentPages::page(std::uint64_t paddr, MutableBytes scratch) const {
    if (scratch.size() < page_size_) {
        return fail(ErrorCode::InvalidArgument, "the buffer for a page is smaller than a page", paddr);
    }
    const std::uint64_t frame = align_down<std::uint64_t>(paddr, page_size_);
    const std::uint64_t frame_end = frame > max_end - page_size_ ? max_end : frame + page_size_;
    const MemoryExtent* extent = stored_.find(paddr, frame_end);
    if (!extent) return absent(paddr);
    return stored_run(extent, frame, frame_end, scratch);
}

std::optional<std::uint64_t> ExtentPages::next_frame(std::uint64_t pfn) const {
    if (pfn > max_end / page_size_) return std::nullopt;
    const MemoryExtent* extent = stored_.find(pfn * page_size_, max_end);
    return extent ? std::optional(std::max(pfn, extent->begin / page_size_)) : std::nullopt;
}

void ExtentPages::existing_frames(std::uint64_t first_pfn, MutableBytes bits) const {
    for (const ExtentMap* map : {&stored_, &cut_off_, &left_out_}) mark_frames(*map, first_pfn, bits);
}

void ExtentPages::each_promised_run(const FrameRunVisitor& visit) const {
    FrameRuns runs(visit);
    for (const MemoryExtent& extent : stored_.extents()) runs.add(frames_of(extent));
}

void ExtentPages::each_lost_run(const FrameRunVisitor& visit) const {
    FrameRuns runs(visit);
    for (const MemoryExtent& extent : cut_off_.extents()) runs.add(frames_of(extent));
}

void ExtentPages::each_existing_run(const FrameRunVisitor& visit) const {
    std::vector<FrameRun> all;
    for (const ExtentMap* map : {&stored_, &cut_off_, &left_out_})
        for (const MemoryExtent& extent : map->extents()) all.push_back(frames_of(extent));
    std::sort(all.begin(), all.end(),
              [](const FrameRun& a, const FrameRun& b) { return a.first_pfn < b.first_pfn; });
    FrameRuns runs(visit);
    for (const FrameRun& run : all) runs.add(run);
}

void ExtentPages::mark_frames(const ExtentMap& map, std::uint64_t first_pfn, MutableBytes bits) const {
    if (first_pfn > max_end / page_size_) return;
    const std::uint64_t end_pfn = std::min(first_pfn + bits.size() * 8, max_end / page_size_);
    for (const MemoryExtent* extent = map.find(first_pfn * page_size_, max_end);
         extent && extent != map.end(); ++extent) {
        const std::uint64_t last = std::min((extent->end - 1) / page_size_ + 1, end_pfn);
        const std::uint64_t first = std::max(extent->begin / page_size_, first_pfn);
        if (first < last) set_bits(bits, first - first_pfn, last - first_pfn);
        if (extent->end / page_size_ >= end_pfn) break;
    }
}

// The stored bytes around one place in a frame. Segments that meet within the frame are joined.
Result<PageBytes> ExtentPages::stored_run(const MemoryExtent* extent, std::uint64_t frame,
                                          std::uint64_t frame_end, MutableBytes scratch) const {
    const MemoryExtent* first = extent;
    while (first->begin > frame && first != stored_.begin() && (first - 1)->end == first->begin) --first;
    const std::uint64_t start = std::max(frame, first->begin);
    const auto offset = static_cast<std::uint32_t>(start - frame);
    const auto whole = stored_bytes(*first, start, frame_end, scratch);
    if (!whole) return fail(whole.error());
    const bool goes_on =
        start + whole->size() < frame_end && first + 1 != stored_.end() && (first + 1)->begin == first->end;
    if (!goes_on) return PageBytes{*whole, offset};

    std::uint64_t filled = 0;
    for (const MemoryExtent* part = first; part != stored_.end() && part->begin <= start + filled; ++part) {
        if (start + filled >= frame_end) break;
        const MutableBytes target = scratch.subspan(filled);
        const auto bytes = stored_bytes(*part, start + filled, frame_end, target);
        if (!bytes) return fail(bytes.error());
        if (bytes->data() != target.data()) std::memcpy(target.data(), bytes->data(), bytes->size());
        filled += bytes->size();
    }
    return PageBytes{scratch.first(filled), offset};
}

// What `extent` holds from `start` on, up to `limit`.
Result<Bytes> ExtentPages::stored_bytes(const MemoryExtent& extent, std::uint64_t start, std::uint64_t limit,
                                        MutableBytes scratch) const {
    const std::uint64_t length = std::min(extent.end, limit) - start;
    const std::uint64_t offset = extent.file_offset + (start - extent.begin);
    const auto bytes = source_.read(offset, length, scratch);
    if (!bytes) return fail(lost_bytes(source_, offset, length, "the page's data", start));
    return *bytes;
}

tl::unexpected<Error> ExtentPages::absent(std::uint64_t paddr) const {
    if (cut_off_.find(paddr)) {
        return fail(ErrorCode::PageMissing, "the file is truncated before the page's data", paddr);
    }
    if (left_out_.find(paddr)) {
        return fail(ErrorCode::PageExcluded,
                    "the writer of the dump left the page out, as filtered or as all zero", paddr);
    }
    if (unsure_) return fail(unsure_->code, unsure_->message, paddr);
    return fail(ErrorCode::NoSuchMemory, "no segment of the dump covers this address", paddr);
}

}  // namespace postmortem
