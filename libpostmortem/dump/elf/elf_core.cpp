#include "dump/elf/elf_core.h"

#include <algorithm>
#include <array>

#include <elf.h>
#include <fmt/format.h>

#include "base/checked.h"
#include "dump/elf/elf_headers.h"
#include "dump/elf/elf_places.h"
#include "dump/machine.h"
#include "dump/notes.h"
#include "dump/pages/extent_dump.h"
#include "dump/vmcoreinfo.h"

namespace postmortem {
namespace {

constexpr std::uint32_t nt_file = 0x46494c45;

// makedumpfile marks a dump it could not finish with bit 0 of e_flags (DUMP_ELF_INCOMPLETE); these machines
// use the bit for something else.
bool flags_tell_incomplete(std::uint16_t machine) {
    return machine != EM_MIPS && machine != EM_RISCV && machine != em_loongarch && machine != EM_PPC64;
}

class ElfCore final : public ExtentDump {
  public:
    ElfCore(std::unique_ptr<ByteSource> source, const ElfHeaders& elf, std::vector<Error> problems)
        : ExtentDump(std::move(source), std::move(problems)), endian_(elf.endian), machine_(elf.machine) {
        read_notes(elf.program_headers);
        add_segments(elf);
        choose_page_size();
        seal(elf.word == 8 ? "ELF vmcore" : "ELF32 vmcore");
        describe(elf);
    }

    Endian endian() const override { return endian_; }
    std::uint16_t machine() const override { return machine_; }
    std::string_view vmcoreinfo() const override { return vmcoreinfo_in(notes_); }
    bool is_of_a_process() const {
        return std::any_of(notes_.begin(), notes_.end(), [](const Note& note) {
            return note.name == "CORE" && (note.type == NT_AUXV || note.type == nt_file);
        });
    }
    bool holds_nothing() const { return notes_.empty() && memory_.holds_nothing(); }

  private:
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

    // /proc/kcore tells physical addresses since Linux 4.11 (464920104bf7); before, all of them are 0.
    static bool has_physical_addresses(const std::vector<ProgramHeader>& headers) {
        const auto loads = std::count_if(headers.begin(), headers.end(),
                                         [](const ProgramHeader& h) { return h.type == PT_LOAD; });
        return loads < 2 || std::any_of(headers.begin(), headers.end(), [](const ProgramHeader& h) {
                   return h.type == PT_LOAD && h.paddr != 0;
               });
    }

    void add_segments(const ElfHeaders& elf) {
        if (!has_physical_addresses(elf.program_headers)) {
            problems_.emplace_back(
                ErrorCode::Unsupported,
                "its segments have virtual addresses only, and memory is read by physical ones");
            return;
        }
        ElfSegments segments = tile_segments(*source_, elf);
        place_segments(*source_, elf, segments);
        for (const ProgramHeader& load : segments.loads)
            memory_.add(load.paddr, load.filesz, load.memsz, load.offset);
        for (Error& problem : segments.problems) problems_.push_back(std::move(problem));
        if (segments.unsure)
            memory_.be_unsure(
                {ErrorCode::Corrupt,
                 "whether the dump holds this address is not certain: a program header of the file is "
                 "damaged"});
    }

    void choose_page_size() {
        const auto size = VmcoreInfo(vmcoreinfo()).decimal("PAGESIZE");
        if (!size) return;
        if (is_power_of_two(*size) && *size >= 4096 && *size <= 256 * 1024) {
            memory_.set_page_size(static_cast<std::uint32_t>(*size));
        } else {
            problems_.emplace_back(
                ErrorCode::Corrupt,
                fmt::format("VMCOREINFO gives the page size as {}, which cannot be", *size));
        }
    }

    void describe(const ElfHeaders& elf) {
        describe_headers(elf);
        info_.incomplete = flags_tell_incomplete(elf.machine) && (elf.flags & 1) != 0;
        if (info_.incomplete) {
            problems_.emplace_back(ErrorCode::PageMissing,
                                   "the writer flagged the dump as incomplete: pages are missing");
        }
    }

    void describe_headers(const ElfHeaders& elf) {
        const auto loads = std::count_if(elf.program_headers.begin(), elf.program_headers.end(),
                                         [](const ProgramHeader& h) { return h.type == PT_LOAD; });
        info_.header = {{"class", elf.word == 8 ? "ELF64" : "ELF32"},
                        {"byte order", elf.endian == Endian::Little ? "little endian" : "big endian"},
                        {"machine", fmt::format("{}", elf.machine)},
                        {"flags", fmt::format("{:#x}", elf.flags)},
                        {"memory segments", fmt::format("{}", loads)}};
    }

    Endian endian_;
    std::uint16_t machine_;
    std::vector<std::vector<std::byte>> note_storage_;
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
