#include "dump/elf_core.h"

#include <algorithm>
#include <array>
#include <limits>

#include <elf.h>
#include <fmt/format.h>

#include "base/checked.h"
#include "dump/elf_headers.h"
#include "dump/extent_map.h"
#include "dump/notes.h"
#include "dump/vmcoreinfo.h"

namespace postmortem {
namespace {

constexpr std::uint16_t em_loongarch = 258;  // newer than some elf.h
constexpr std::uint32_t nt_file = 0x46494c45;

// makedumpfile marks a dump it could not finish with bit 0 of e_flags (DUMP_ELF_INCOMPLETE); these machines
// use the bit for something else.
bool flags_tell_incomplete(std::uint16_t machine) {
    return machine != EM_MIPS && machine != EM_RISCV && machine != em_loongarch && machine != EM_PPC64;
}

class ElfCore final : public DumpFile {
  public:
    ElfCore(std::unique_ptr<ByteSource> source, const ElfHeaders& elf, std::vector<Error> problems)
        : source_(std::move(source)),
          endian_(elf.endian),
          machine_(elf.machine),
          problems_(std::move(problems)) {
        read_notes(elf.program_headers);
        add_segments(elf.program_headers);
        choose_page_size();
        describe(elf);
    }

    const DumpInfo& info() const override { return info_; }
    std::uint32_t page_size() const override { return page_size_; }
    Endian endian() const override { return endian_; }
    std::uint16_t machine() const override { return machine_; }
    std::string_view vmcoreinfo() const override { return vmcoreinfo_in(notes_); }
    const std::vector<Note>& notes() const override { return notes_; }
    const std::vector<Error>& problems() const override { return problems_; }

    Result<PageBytes> page(std::uint64_t paddr, MutableBytes scratch) const override {
        if (scratch.size() < page_size_) {
            return fail(ErrorCode::InvalidArgument, "the buffer for a page is smaller than a page", paddr);
        }
        const std::uint64_t frame = align_down<std::uint64_t>(paddr, page_size_);
        const std::uint64_t frame_end = frame > max_end - page_size_ ? max_end : frame + page_size_;
        const MemoryExtent* extent = stored_.find(paddr, frame_end);
        if (!extent) return absent(paddr);
        return stored_run(extent, frame, frame_end, scratch);
    }

    std::optional<std::uint64_t> next_frame(std::uint64_t pfn) const override {
        if (pfn > max_end / page_size_) return std::nullopt;
        const MemoryExtent* extent = stored_.find(pfn * page_size_, max_end);
        return extent ? std::optional(std::max(pfn, extent->begin / page_size_)) : std::nullopt;
    }

    void existing_frames(std::uint64_t first_pfn, MutableBytes bits) const override {
        for (const ExtentMap* map : {&stored_, &cut_off_, &left_out_}) mark_frames(*map, first_pfn, bits);
    }

    bool is_of_a_process() const {
        return std::any_of(notes_.begin(), notes_.end(), [](const Note& note) {
            return note.name == "CORE" && (note.type == NT_AUXV || note.type == nt_file);
        });
    }
    bool holds_nothing() const {
        return notes_.empty() && stored_.extents().empty() && cut_off_.extents().empty() &&
               left_out_.extents().empty();
    }

  private:
    static constexpr std::uint64_t max_end = std::numeric_limits<std::uint64_t>::max();

    void read_notes(const std::vector<ProgramHeader>& headers) {
        std::uint64_t budget = max_kept_bytes;  // for all of them together
        for (const ProgramHeader& header : headers) {
            if (header.type != PT_NOTE || header.filesz == 0) continue;
            const std::uint64_t available =
                header.offset < source_->size() ? source_->size() - header.offset : 0;
            const std::uint64_t length = std::min({header.filesz, available, budget});
            const auto area = read_kept(*source_, header.offset, length, note_storage_.emplace_back());
            if (length < header.filesz || !area) {
                problems_.emplace_back(
                    ErrorCode::PageMissing,
                    fmt::format("the notes should be {} bytes at byte {} of the file, and {} were read",
                                header.filesz, header.offset, area ? length : 0));
            }
            if (area) {
                if (auto wrong = append_notes(*area, endian_, notes_)) problems_.push_back(std::move(*wrong));
            }
            budget -= length;
            if (budget == 0) return;
        }
    }

    void add_segments(const std::vector<ProgramHeader>& headers) {
        for (const ProgramHeader& header : headers) {
            if (header.type == PT_LOAD) add_segment(header);
        }
        stored_.seal();
        cut_off_.seal();
        left_out_.seal();
        if (cut_off_bytes_ != 0) {
            problems_.emplace_back(
                ErrorCode::PageMissing,
                fmt::format("the file is truncated: it ends at byte {}, and {} bytes of memory are missing",
                            source_->size(), cut_off_bytes_));
        }
    }

    // A segment is stored up to filesz, as far as the file goes; what memsz adds, the writer left out.
    void add_segment(const ProgramHeader& header) {
        const std::uint64_t room = max_end - header.paddr;
        const std::uint64_t filesz = std::min(header.filesz, room);
        const std::uint64_t memsz = std::min(std::max(header.memsz, filesz), room);
        const std::uint64_t available = header.offset < source_->size() ? source_->size() - header.offset : 0;
        const std::uint64_t stored = std::min(filesz, available);
        stored_.add({header.paddr, header.paddr + stored, header.offset});
        cut_off_.add({header.paddr + stored, header.paddr + filesz, 0});
        left_out_.add({header.paddr + filesz, header.paddr + memsz, 0});
        cut_off_bytes_ += filesz - stored;
        end_of_memory_ = std::max(end_of_memory_, header.paddr + memsz);
    }

    void choose_page_size() {
        const auto size = VmcoreInfo(vmcoreinfo()).decimal("PAGESIZE");
        if (!size) return;
        if (is_power_of_two(*size) && *size >= 4096 && *size <= 256 * 1024) {
            page_size_ = static_cast<std::uint32_t>(*size);
        } else {
            problems_.emplace_back(
                ErrorCode::Corrupt,
                fmt::format("VMCOREINFO gives the page size as {}, which cannot be", *size));
        }
    }

    void describe(const ElfHeaders& elf) {
        info_.file = source_->origin().file;
        info_.format =
            fmt::format("{}{}", source_->origin().wrapping, elf.word == 8 ? "ELF vmcore" : "ELF32 vmcore");
        info_.max_pfn = end_of_memory_ / page_size_ + (end_of_memory_ % page_size_ != 0);
        info_.incomplete = flags_tell_incomplete(elf.machine) && (elf.flags & 1) != 0;
        if (info_.incomplete) {
            problems_.emplace_back(ErrorCode::PageMissing,
                                   "the writer flagged the dump as incomplete: pages are missing");
        }
    }

    void mark_frames(const ExtentMap& map, std::uint64_t first_pfn, MutableBytes bits) const {
        if (first_pfn > max_end / page_size_) return;
        const std::uint64_t end_pfn = std::min(first_pfn + bits.size() * 8, max_end / page_size_);
        for (const MemoryExtent* extent = map.find(first_pfn * page_size_, max_end);
             extent && extent != map.end(); ++extent) {
            const std::uint64_t last = std::min((extent->end - 1) / page_size_ + 1, end_pfn);
            const std::uint64_t first = std::max(extent->begin / page_size_, first_pfn);
            for (std::uint64_t pfn = first; pfn < last; ++pfn) {
                bits[(pfn - first_pfn) / 8] |= std::byte{1} << (pfn - first_pfn) % 8;
            }
            if (extent->end / page_size_ >= end_pfn) break;
        }
    }

    // The stored bytes around one place in a frame. Segments that meet within the frame are joined.
    Result<PageBytes> stored_run(const MemoryExtent* extent, std::uint64_t frame, std::uint64_t frame_end,
                                 MutableBytes scratch) const {
        const MemoryExtent* first = extent;
        while (first->begin > frame && first != stored_.begin() && (first - 1)->end == first->begin) --first;
        const std::uint64_t start = std::max(frame, first->begin);
        const auto offset = static_cast<std::uint32_t>(start - frame);
        const auto whole = stored_bytes(*first, start, frame_end, scratch);
        if (!whole) return fail(whole.error());
        const bool goes_on = start + whole->size() < frame_end && first + 1 != stored_.end() &&
                             (first + 1)->begin == first->end;
        if (!goes_on) return PageBytes{*whole, offset};

        std::uint64_t filled = 0;
        for (const MemoryExtent* part = first; part != stored_.end() && part->begin <= start + filled;
             ++part) {
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
    Result<Bytes> stored_bytes(const MemoryExtent& extent, std::uint64_t start, std::uint64_t limit,
                               MutableBytes scratch) const {
        const std::uint64_t length = std::min(extent.end, limit) - start;
        const auto bytes = source_->read(extent.file_offset + (start - extent.begin), length, scratch);
        if (!bytes)
            return fail(ErrorCode::PageMissing, "the file is truncated before the page's data", start);
        return *bytes;
    }

    tl::unexpected<Error> absent(std::uint64_t paddr) const {
        if (cut_off_.find(paddr)) {
            return fail(ErrorCode::PageMissing, "the file is truncated before the page's data", paddr);
        }
        if (left_out_.find(paddr)) {
            return fail(ErrorCode::PageExcluded,
                        "the writer of the dump left the page out, as filtered or as all zero", paddr);
        }
        return fail(ErrorCode::NoSuchMemory, "no segment of the dump covers this address", paddr);
    }

    std::unique_ptr<ByteSource> source_;
    Endian endian_;
    std::uint16_t machine_;
    std::uint32_t page_size_ = 4096;
    std::uint64_t end_of_memory_ = 0;
    std::uint64_t cut_off_bytes_ = 0;
    ExtentMap stored_, cut_off_, left_out_;
    DumpInfo info_;
    std::vector<Note> notes_;
    std::vector<std::vector<std::byte>> note_storage_;
    std::vector<Error> problems_;
};

}  // namespace

bool looks_like_elf_core(Bytes head) {
    if (!as_text(head).starts_with(ELFMAG)) return false;
    const Endian endian = ByteReader(head).u8(EI_DATA) == ELFDATA2MSB ? Endian::Big : Endian::Little;
    return ByteReader(head, endian).u16(16) == ET_CORE;
}

Result<std::unique_ptr<DumpFile>> open_elf_core(std::unique_ptr<ByteSource> source) {
    std::vector<Error> problems = source->origin().problems;
    const auto elf = read_elf_headers(*source, problems);
    if (!elf) return fail(elf.error());
    auto core = std::make_unique<ElfCore>(std::move(source), *elf, std::move(problems));
    if (core->is_of_a_process()) {
        return fail(ErrorCode::Unsupported,
                    "this is the core file of a process, not of a kernel; gdb reads it");
    }
    if (core->holds_nothing()) {
        const std::string why = core->problems().empty() ? "" : ": " + core->problems().back().message;
        return fail(ErrorCode::Corrupt, "the ELF core file has neither memory segments nor notes" + why);
    }
    return core;
}

}  // namespace postmortem
