#include "dump/kdump.h"

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>

#include "base/checked.h"
#include "dump/codec.h"
#include "dump/kdump_header.h"
#include "dump/kdump_layout.h"
#include "dump/machine.h"
#include "dump/notes.h"
#include "dump/page_bitmap.h"

namespace postmortem {
namespace {

// No machine has more memory than this many page frames (256 TiB at 4 KiB each), whatever a header claims.
constexpr std::uint64_t max_frames = 1ull << 36;

struct PageDesc {
    std::uint64_t offset;
    std::uint32_t size;
    std::uint32_t flags;
};

std::optional<Codec> codec_of(std::uint32_t flags) {
    switch (flags) {
        case 0: return Codec::Raw;
        case kdump::CompressedZlib: return Codec::Zlib;
        case kdump::CompressedLzo: return Codec::Lzo;
        case kdump::CompressedSnappy: return Codec::Snappy;
        case kdump::CompressedZstd: return Codec::Zstd;
        default: return std::nullopt;
    }
}

class KdumpFile final : public DumpFile {
  public:
    KdumpFile(std::unique_ptr<ByteSource> source, KdumpHeader header, std::vector<Error> problems)
        : source_(std::move(source)),
          header_(std::move(header)),
          problems_(std::move(problems)),
          existing_(*source_, header_.bitmap_offset(), frames_in_bitmap()),
          dumped_(*source_, header_.dumped_bitmap_offset(), frames_in_bitmap(), first_frame()) {
        describe();
        check_sizes();
        read_notes();
    }

    const DumpInfo& info() const override { return info_; }
    std::uint32_t page_size() const override { return header_.block_size; }
    Endian endian() const override { return header_.endian; }
    std::uint16_t machine() const override { return elf_machine_of(header_.utsname.machine); }
    std::string_view vmcoreinfo() const override { return vmcoreinfo_; }
    const std::vector<Note>& notes() const override { return notes_; }
    const std::vector<Error>& problems() const override { return problems_; }

    void add_problem(Error problem) override { problems_.push_back(std::move(problem)); }

    Result<PageBytes> page(std::uint64_t paddr, MutableBytes scratch) const override {
        if (scratch.size() < header_.block_size) {
            return fail(ErrorCode::InvalidArgument, "the buffer for a page is smaller than a page", paddr);
        }
        const auto desc = descriptor(paddr / header_.block_size, paddr);
        if (!desc) return fail(desc.error());
        return decoded(*desc, paddr, scratch.first(header_.block_size));
    }

    std::optional<std::uint64_t> next_frame(std::uint64_t pfn) const override {
        const auto found = dumped_.next_set(std::max(pfn, first_frame()));
        return found && (!header_.split || *found < header_.end_pfn) ? found : std::nullopt;
    }

    void existing_frames(std::uint64_t first_pfn, MutableBytes bits) const override {
        existing_.copy(first_pfn, bits);
    }

    void each_promised_run(const FrameRunVisitor& visit) const override {
        FrameRuns runs(visit);
        dumped_.each_run(first_frame(), header_.split ? header_.end_pfn : dumped_.bits(), runs);
    }
    void each_existing_run(const FrameRunVisitor& visit) const override {
        FrameRuns runs(visit);
        existing_.each_run(0, existing_.bits(), runs);
    }

  private:
    std::uint64_t frames_in_bitmap() const {
        const std::uint64_t bits = std::min(header_.bitmap_bytes(), max_frames / 8) * 8;
        return std::min({bits, header_.max_mapnr, max_frames});
    }
    std::uint64_t first_frame() const { return header_.split ? header_.start_pfn : 0; }

    void describe() {
        info_.file = source_->origin().file;
        info_.format = fmt::format("{}{} v{}", source_->origin().wrapping,
                                   header_.diskdump ? "diskdump" : "kdump-compressed", header_.version);
        info_.dump_level = header_.dump_level;
        info_.phys_base = header_.phys_base;
        if (header_.diskdump) info_.crashed_cpu = header_.current_cpu;  // the others leave it at 0
        if (header_.cpu_count != 0) info_.cpu_count = header_.cpu_count;
        if (header_.timestamp != 0) info_.timestamp = header_.timestamp;
        info_.max_pfn = existing_.bits();
        info_.incomplete = (header_.status & kdump::Incomplete) != 0;
        info_.utsname = header_.utsname;
        info_.files = {info_.file};
        if (header_.split) info_.part = SplitPart{header_.start_pfn, header_.end_pfn};
        info_.header = header_fields(header_);
    }

    void check_sizes() {
        if (info_.incomplete) {
            problems_.emplace_back(ErrorCode::PageMissing,
                                   "the writer flagged the dump as incomplete: pages are missing");
        }
        const std::uint64_t bits = header_.bitmap_bytes() * 8;
        if (header_.max_mapnr > std::min(bits, max_frames)) {
            problems_.emplace_back(ErrorCode::Corrupt,
                                   fmt::format("the header speaks of {} page frames, and its bitmaps hold {}",
                                               header_.max_mapnr, bits));
        }
        if (source_->size() < header_.descriptors_offset()) {
            problems_.emplace_back(ErrorCode::PageMissing,
                                   fmt::format("the file is truncated: it ends at byte {}, before the page "
                                               "descriptors at byte {}, so no page can be read",
                                               source_->size(), header_.descriptors_offset()));
        }
    }

    void read_notes() {
        if (header_.notes.size != 0) {
            if (const auto area = read_extent(header_.notes, "notes", note_storage_)) {
                if (auto wrong = append_notes(*area, header_.endian, notes_))
                    problems_.push_back(std::move(*wrong));
            }
        }
        if (header_.vmcoreinfo.size != 0) {
            if (const auto text = read_extent(header_.vmcoreinfo, "VMCOREINFO", vmcoreinfo_storage_)) {
                vmcoreinfo_ = vmcoreinfo_text(*text);
            }
        }
        if (vmcoreinfo_.empty()) vmcoreinfo_ = vmcoreinfo_in(notes_);
    }

    std::optional<Bytes> read_extent(FileExtent extent, std::string_view what,
                                     std::vector<std::byte>& storage) {
        const std::uint64_t available = extent.offset < source_->size() ? source_->size() - extent.offset : 0;
        if (extent.size > available) {
            problems_.emplace_back(
                ErrorCode::PageMissing,
                fmt::format("the {} should be {} bytes at byte {} of the file, which has {} there", what,
                            extent.size, extent.offset, available));
            extent.size = available;
        }
        return read_kept(*source_, extent.offset, extent.size, storage);
    }

    Result<PageDesc> descriptor(std::uint64_t pfn, std::uint64_t paddr) const {
        const auto dumped = dumped_.test(pfn);
        if (!dumped)
            return fail(ErrorCode::PageMissing, "the file is truncated within the bitmap of dumped pages",
                        paddr);
        if (!*dumped) return absent(pfn, paddr);
        if (header_.split && (pfn < header_.start_pfn || pfn >= header_.end_pfn)) {
            return fail(ErrorCode::PageMissing, "the page is in a part of the split dump that is not there",
                        paddr);
        }
        const auto index = dumped_.rank(pfn);
        if (!index)
            return fail(ErrorCode::PageMissing, "the file is truncated within the bitmap of dumped pages",
                        paddr);
        const std::uint64_t at = header_.descriptors_offset() + *index * kdump::page_desc::bytes;
        std::array<std::byte, kdump::page_desc::bytes> scratch;
        const auto bytes = source_->peek(at, scratch.size(), scratch);
        if (!bytes)
            return fail(ErrorCode::PageMissing, "the file is truncated before the page's descriptor", paddr);
        const ByteReader desc(*bytes, header_.endian);
        return PageDesc{*desc.u64(kdump::page_desc::offset), *desc.u32(kdump::page_desc::size),
                        *desc.u32(kdump::page_desc::flags)};
    }

    tl::unexpected<Error> absent(std::uint64_t pfn, std::uint64_t paddr) const {
        if (pfn >= existing_.bits() && pfn < header_.max_mapnr) {
            return fail(ErrorCode::Corrupt,
                        "the dump's bitmap does not reach this page frame, and its header says it does",
                        paddr);
        }
        const auto exists = existing_.test(pfn);
        if (!exists)
            return fail(ErrorCode::PageMissing, "the file is truncated within the bitmap of pages", paddr);
        if (!*exists)
            return fail(ErrorCode::NoSuchMemory, "the machine had no memory at this address", paddr);
        return fail(ErrorCode::PageExcluded,
                    header_.dump_level ? fmt::format("the page was left out by the dump filter (level {})",
                                                     *header_.dump_level)
                                       : std::string("the page was left out by the dump filter"),
                    paddr);
    }

    Result<PageBytes> decoded(PageDesc desc, std::uint64_t paddr, MutableBytes page) const {
        if (desc.offset == 0)
            return fail(ErrorCode::PageMissing, "the writer of the dump lost the page", paddr);
        const auto codec = codec_of(desc.flags);
        if (!codec) {
            return fail(ErrorCode::Corrupt,
                        fmt::format("the page's descriptor has the unknown flags {:#x}", desc.flags), paddr);
        }
        const bool size_fits =
            *codec == Codec::Raw ? desc.size == page.size() : desc.size != 0 && desc.size <= 2 * page.size();
        if (!size_fits || desc.offset < header_.descriptors_offset()) {
            return fail(
                ErrorCode::Corrupt,
                fmt::format("the page's descriptor is damaged: {} bytes of {} data at byte {} of the file",
                            desc.size, to_string(*codec), desc.offset),
                paddr);
        }
        const auto packed =
            *codec == Codec::Raw ? source_->read(desc.offset, desc.size, page) : packed_bytes(desc);
        if (!packed) {
            return fail(lost_page_data(*source_, desc.offset, desc.size, paddr));
        }
        if (*codec == Codec::Raw) return PageBytes{*packed, 0};
        if (auto done = decompress(*codec, *packed, page); !done) {
            done.error().address = paddr;
            return fail(std::move(done.error()));
        }
        return PageBytes{page, 0};
    }

    std::optional<Bytes> packed_bytes(PageDesc desc) const {
        thread_local std::vector<std::byte> gathered;
        gathered.resize(desc.size);
        return source_->read(desc.offset, desc.size, gathered);
    }

    std::unique_ptr<ByteSource> source_;
    KdumpHeader header_;
    std::vector<Error> problems_;
    PageBitmap existing_;
    RankedBitmap dumped_;
    DumpInfo info_;
    std::string_view vmcoreinfo_;
    std::vector<Note> notes_;
    std::vector<std::byte> note_storage_, vmcoreinfo_storage_;
};

}  // namespace

bool looks_like_kdump(Bytes head) {
    const std::string_view text = as_text(head);
    return text.starts_with(kdump::signature) || text.starts_with(kdump::diskdump_signature);
}

Result<std::unique_ptr<DumpFile>> open_kdump(std::unique_ptr<ByteSource> source) {
    std::vector<Error> problems = source->origin().problems;
    auto header = read_kdump_header(*source, problems);
    if (!header) return fail(header.error());
    return std::make_unique<KdumpFile>(std::move(source), std::move(*header), std::move(problems));
}

}  // namespace postmortem
