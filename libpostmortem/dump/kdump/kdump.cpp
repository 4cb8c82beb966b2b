#include "dump/kdump/kdump.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/checked.h"
#include "base/per_thread.h"
#include "dump/kdump/kdump_bitmaps.h"
#include "dump/kdump/kdump_header.h"
#include "dump/kdump/kdump_layout.h"
#include "dump/machine.h"
#include "dump/notes.h"
#include "dump/pages/codec.h"

namespace postmortem {
namespace {

class KdumpFile final : public DumpFile {
  public:
    KdumpFile(std::unique_ptr<ByteSource> source, KdumpHeader header, std::vector<Error> problems)
        : source_(std::move(source)),
          header_(std::move(header)),
          problems_(std::move(problems)),
          table_(*source_, header_),
          bitmaps_(bitmaps_at({*source_, header_.bitmap_offset(), header_.dumped_bitmap_offset()})) {
        describe();
        check_sizes();
        check_bitmaps();
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
        const auto found = dumped().next_set(std::max(pfn, bitmaps_->first_frame()));
        return found && *found < bitmaps_->end_frame() ? found : std::nullopt;
    }

    void existing_frames(std::uint64_t first_pfn, MutableBytes bits) const override {
        existing().copy(first_pfn, bits);
    }

    void each_promised_run(const FrameRunVisitor& visit) const override {
        FrameRuns runs(visit);
        dumped().each_run(bitmaps_->first_frame(), bitmaps_->end_frame(), runs);
    }
    void each_existing_run(const FrameRunVisitor& visit) const override {
        FrameRuns runs(visit);
        existing().each_run(0, existing().bits(), runs);
    }

    TablesFinding check_tables() const override {
        TablesFinding finding{dumped().is_whole() && bitmaps_->dumped_is_sound(), existing().is_whole(), {}};
        if (bitmaps_->are_small()) {
            finding.existing_certain = finding.existing_certain && bitmaps_->existing_is_sound();
        } else if (!bitmaps_->dumped_is_sound()) {
            finding.problems.emplace_back(ErrorCode::Corrupt, bitmaps_->dumped_wrong());
        }
        return finding;
    }

    void mend_tables_from(const DumpFile& part) override {
        const auto* other = dynamic_cast<const KdumpFile*>(&part);
        if (!other || other == this) return;
        if (is_cut_off_before_pages()) return forget_to_be_cut_off(*other);
        mend_range_from(*other);
        if (!tables_are_damaged() || other->tables_are_damaged()) return;
        auto theirs = bitmaps_at(other->bitmaps_->place());
        if (!theirs->dumped_is_sound() || !theirs->existing_is_sound()) return;
        forget_tables_problems();
        problems_.emplace_back(ErrorCode::Corrupt,
                               fmt::format("its bitmaps are damaged, and those of {} are used instead",
                                           other->info_.file.filename().string()));
        bitmaps_ = std::move(theirs);
    }

  private:
    std::unique_ptr<KdumpBitmaps> bitmaps_at(BitmapPlace place) const {
        return std::make_unique<KdumpBitmaps>(place, header_, table_);
    }
    const PageBitmap& existing() const { return bitmaps_->existing(); }
    const RankedBitmap& dumped() const { return bitmaps_->dumped(); }

    // Parts follow each other. Where a damaged header of one says otherwise, the table of page descriptors
    // tells whether its neighbour is right.
    void mend_range_from(const KdumpFile& other) {
        if (!header_.split || !other.header_.split || !bitmaps_->are_small() || bitmaps_->range_fits())
            return;
        const SplitPart own{header_.start_pfn, header_.end_pfn};
        for (const SplitPart range :
             {SplitPart{other.header_.end_pfn, own.end_pfn}, SplitPart{0, own.end_pfn},
              SplitPart{own.first_pfn, other.header_.start_pfn},
              SplitPart{own.first_pfn, existing().bits()}}) {
            if (!bitmaps_->would_fit(range)) continue;
            forget_tables_problems();
            problems_.emplace_back(ErrorCode::Corrupt,
                                   fmt::format("its header's range of page frames, {:#x} to {:#x}, is "
                                               "damaged; by the other parts and its "
                                               "table of page descriptors it is {:#x} to {:#x}",
                                               own.first_pfn, own.end_pfn, range.first_pfn, range.end_pfn));
            header_.start_pfn = range.first_pfn;
            header_.end_pfn = range.end_pfn;
            info_.part = range;
            bitmaps_ = bitmaps_at(bitmaps_->place());
            return;
        }
    }

    // makedumpfile ends a part without pages behind the last bit of its bitmaps that is set. The other parts
    // have all of them.
    void forget_to_be_cut_off(const KdumpFile& other) {
        auto theirs = bitmaps_at(other.bitmaps_->place());
        if (!header_.split || !theirs->dumped().is_whole() || theirs->dumped().rank(theirs->end_frame()) != 0)
            return;
        std::erase_if(problems_,
                      [&](const Error& problem) { return problem.message == cut_off_before_pages(); });
        bitmaps_ = std::move(theirs);
    }
    bool is_cut_off_before_pages() const { return source_->size() < header_.descriptors_offset(); }
    std::string cut_off_before_pages() const {
        return fmt::format(
            "the file is truncated: it ends at byte {}, before the page descriptors at byte {}, so no "
            "page can be read",
            source_->size(), header_.descriptors_offset());
    }

    void forget_tables_problems() {
        std::erase_if(problems_, [&](const Error& problem) {
            return problem.message == bitmaps_->dumped_wrong() ||
                   problem.message == bitmaps_->existing_wrong();
        });
    }

    bool tables_are_damaged() const {
        return bitmaps_->are_small() && !(bitmaps_->dumped_is_sound() && bitmaps_->existing_is_sound());
    }

    void describe() {
        info_.file = source_->origin().file;
        info_.format = fmt::format("{}{} v{}", source_->origin().wrapping,
                                   header_.diskdump ? "diskdump" : "kdump-compressed", header_.version);
        info_.dump_level = header_.dump_level;
        info_.phys_base = header_.phys_base;
        if (header_.diskdump) info_.crashed_cpu = header_.current_cpu;  // the others leave it at 0
        if (header_.cpu_count != 0) info_.cpu_count = header_.cpu_count;
        if (header_.timestamp != 0) info_.timestamp = header_.timestamp;
        info_.max_pfn = existing().bits();
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
        if (header_.max_mapnr > bits) {
            problems_.emplace_back(ErrorCode::Corrupt,
                                   fmt::format("the header speaks of {} page frames, and its bitmaps hold {}",
                                               header_.max_mapnr, bits));
        } else if (header_.max_mapnr > KdumpBitmaps::max_frames) {
            problems_.emplace_back(
                ErrorCode::Corrupt,
                fmt::format("the header speaks of {} page frames, more than any machine has; "
                            "those from {} on are not read",
                            header_.max_mapnr, KdumpBitmaps::max_frames));
        }
        if (is_cut_off_before_pages()) {
            problems_.emplace_back(ErrorCode::PageMissing, cut_off_before_pages());
            return;
        }
        if (!existing().is_whole()) tell_lost_record("bitmap of the machine's page frames");
        if (!dumped().is_whole()) tell_lost_record("bitmap of dumped pages");
    }

    // Only a flattened file can lack something in front of its end.
    void tell_lost_record(std::string_view of) {
        problems_.emplace_back(
            ErrorCode::PageMissing,
            fmt::format("the flattened file lacks a record that belongs to its {}; copy it again", of));
    }

    void check_bitmaps() {
        if (!bitmaps_->are_small()) return;  // found out where they are gone through
        for (const std::string& wrong : {bitmaps_->dumped_wrong(), bitmaps_->existing_wrong()})
            if (!wrong.empty()) problems_.emplace_back(ErrorCode::Corrupt, wrong);
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
        const std::uint64_t available = source_->count_there(extent.offset, extent.size);
        if (extent.size > available) {
            problems_.emplace_back(
                ErrorCode::PageMissing,
                fmt::format("the {} should be {} bytes at byte {} of the file, which has {} there", what,
                            extent.size, extent.offset, available));
            extent.size = available;
        }
        auto bytes = read_kept(*source_, extent.offset, extent.size, storage);
        if (!bytes && extent.size != 0)
            problems_.emplace_back(ErrorCode::PageMissing,
                                   fmt::format("the {}, {} bytes at byte {} of the file, cannot be read",
                                               what, extent.size, extent.offset));
        return bytes;
    }

    Result<PageDescriptor> descriptor(std::uint64_t pfn, std::uint64_t paddr) const {
        const auto is_dumped = dumped().test(pfn);
        const std::uint64_t in_bitmap = bitmaps_->place().dumped + pfn / 8;
        if (!is_dumped) return fail(lost_bytes(*source_, in_bitmap, 1, "the bitmap of dumped pages", paddr));
        if (!*is_dumped) return absent(pfn, paddr);
        if (header_.split && (pfn < header_.start_pfn || pfn >= header_.end_pfn)) {
            return fail(ErrorCode::PageMissing, "the page is in a part of the split dump that is not there",
                        paddr);
        }
        const auto index = dumped().rank(pfn);
        if (!index) return fail(lost_bytes(*source_, in_bitmap, 1, "the bitmap of dumped pages", paddr));
        if (!bitmaps_->places_are_certain())
            return fail(ErrorCode::Corrupt,
                        "where the page's data lies is not certain: the bitmap of dumped pages is damaged",
                        paddr);
        const auto desc = table_.read(*index);
        if (!desc)
            return fail(lost_bytes(*source_, header_.descriptors_offset() + *index * kdump::page_desc::bytes,
                                   kdump::page_desc::bytes, "the page's descriptor", paddr));
        // Raw bytes are those of a page wherever they are taken from.
        const bool is_there =
            desc->offset != 0 && source_->count_there(desc->offset, desc->size) == desc->size;
        if (desc->codec() == Codec::Raw && is_there && table_.neighbours_contradict(*index, *desc))
            return fail(
                ErrorCode::Corrupt,
                fmt::format("the page's descriptor is damaged: it says that its data lies at byte {} of the "
                            "file, and those around it say that it does not",
                            desc->offset),
                paddr);
        return *desc;
    }

    tl::unexpected<Error> absent(std::uint64_t pfn, std::uint64_t paddr) const {
        if (!bitmaps_->dumped_is_sound())
            return fail(
                ErrorCode::Corrupt,
                "whether the dump holds the page is not certain: its bitmap of dumped pages is damaged",
                paddr);
        if (pfn >= existing().bits() && pfn < header_.max_mapnr) {
            return fail(ErrorCode::Corrupt,
                        "the dump's bitmap does not reach this page frame, and its header says it does",
                        paddr);
        }
        const auto exists = existing().test(pfn);
        if (!exists)
            return fail(lost_bytes(*source_, bitmaps_->place().existing + pfn / 8, 1,
                                   "the bitmap of page frames", paddr));
        if (!*exists && !bitmaps_->existing_is_sound())
            return fail(
                ErrorCode::Corrupt,
                "whether the machine had memory at this address is not certain: the bitmap of its page "
                "frames is damaged",
                paddr);
        if (!*exists)
            return fail(ErrorCode::NoSuchMemory, "the machine had no memory at this address", paddr);
        return fail(ErrorCode::PageExcluded,
                    header_.dump_level ? fmt::format("the page was left out by the dump filter (level {})",
                                                     *header_.dump_level)
                                       : std::string("the page was left out by the dump filter"),
                    paddr);
    }

    Result<PageBytes> decoded(PageDescriptor desc, std::uint64_t paddr, MutableBytes page) const {
        if (desc.offset == 0)
            return fail(ErrorCode::PageMissing, "the writer of the dump lost the page", paddr);
        const auto codec = desc.codec();
        if (!codec) {
            return fail(ErrorCode::Corrupt,
                        fmt::format("the page's descriptor has the unknown flags {:#x}", desc.flags), paddr);
        }
        if (!desc.is_sound(header_)) {
            return fail(
                ErrorCode::Corrupt,
                fmt::format("the page's descriptor is damaged: {} bytes of {} data at byte {} of the file",
                            desc.size, to_string(*codec), desc.offset),
                paddr);
        }
        const auto packed =
            *codec == Codec::Raw ? source_->read(desc.offset, desc.size, page) : packed_bytes(desc);
        if (!packed) {
            return fail(lost_bytes(*source_, desc.offset, desc.size, "the page's data", paddr));
        }
        if (*codec == Codec::Raw) return PageBytes{*packed, 0};
        if (auto done = decompress(*codec, *packed, page); !done) {
            done.error().address = paddr;
            return fail(std::move(done.error()));
        }
        return PageBytes{page, 0};
    }

    std::optional<Bytes> packed_bytes(PageDescriptor desc) const {
        static PerThread<std::vector<std::byte>> rooms;
        std::vector<std::byte>& room = rooms.own();
        room.resize(desc.size);
        return source_->read(desc.offset, desc.size, room);
    }

    std::unique_ptr<ByteSource> source_;
    KdumpHeader header_;
    std::vector<Error> problems_;
    DescriptorTable table_;
    std::unique_ptr<KdumpBitmaps> bitmaps_;
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
