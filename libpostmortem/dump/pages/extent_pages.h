// Pages of a format that stores memory as it is, in stretches: ELF, LiME, plain images.
#pragma once

#include <limits>

#include "dump/byte_source.h"
#include "dump/dump_file.h"
#include "dump/frame_runs.h"
#include "dump/pages/extent_map.h"

namespace postmortem {

class ExtentPages {
  public:
    /// Borrows the source.
    explicit ExtentPages(const ByteSource& source) : source_(source) {}

    /// The `filesz` bytes at `offset` of the source lie at physical address `paddr`; up to `memsz` follows
    /// memory that was left out.
    void add(std::uint64_t paddr, std::uint64_t filesz, std::uint64_t memsz, std::uint64_t offset);
    /// Headers are damaged: an address that none of the stretches has may yet be in the file. What page()
    /// says of it in place of NoSuchMemory.
    void be_unsure(Error why) { unsure_ = std::move(why); }
    bool is_unsure() const { return unsure_.has_value(); }
    /// To be called once, after the last add().
    void seal();
    void set_page_size(std::uint32_t size) { page_size_ = size; }

    std::uint32_t page_size() const { return page_size_; }
    /// One past the highest page frame.
    std::uint64_t end_pfn() const { return end_of_memory_ / page_size_ + (end_of_memory_ % page_size_ != 0); }
    bool holds_nothing() const {
        return stored_.extents().empty() && cut_off_.extents().empty() && left_out_.extents().empty();
    }
    /// Bytes that should be in the file, and lie past its end.
    std::uint64_t cut_off_bytes() const { return cut_off_bytes_; }
    Error cut_off_problem() const;
    /// Bytes that were added behind the end of all addresses.
    std::uint64_t beyond_bytes() const { return beyond_bytes_; }
    Error beyond_problem() const;

    /// As in DumpFile.
    Result<PageBytes> page(std::uint64_t paddr, MutableBytes scratch) const;
    std::optional<std::uint64_t> next_frame(std::uint64_t pfn) const;
    void existing_frames(std::uint64_t first_pfn, MutableBytes bits) const;
    void each_promised_run(const FrameRunVisitor& visit) const;
    void each_existing_run(const FrameRunVisitor& visit) const;
    void each_lost_run(const FrameRunVisitor& visit) const;

  private:
    static constexpr std::uint64_t max_end = std::numeric_limits<std::uint64_t>::max();

    FrameRun frames_of(const MemoryExtent& extent) const {
        return {extent.begin / page_size_, (extent.end - 1) / page_size_ + 1};
    }
    void mark_frames(const ExtentMap& map, std::uint64_t first_pfn, MutableBytes bits) const;
    Result<PageBytes> stored_run(const MemoryExtent* extent, std::uint64_t frame, std::uint64_t frame_end,
                                 MutableBytes scratch) const;
    Result<Bytes> stored_bytes(const MemoryExtent& extent, std::uint64_t start, std::uint64_t limit,
                               MutableBytes scratch) const;
    tl::unexpected<Error> absent(std::uint64_t paddr) const;

    const ByteSource& source_;
    std::uint32_t page_size_ = 4096;
    std::uint64_t end_of_memory_ = 0, cut_off_bytes_ = 0, beyond_bytes_ = 0;
    ExtentMap stored_, cut_off_, left_out_;
    std::optional<Error> unsure_;
};

}  // namespace postmortem
