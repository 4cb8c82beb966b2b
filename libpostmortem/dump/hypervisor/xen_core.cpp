#include "dump/hypervisor/xen_core.h"

#include <algorithm>
#include <array>

#include <elf.h>
#include <fmt/format.h>

#include "base/checked.h"
#include "dump/hypervisor/virtual_cpu.h"
#include "dump/notes.h"
#include "dump/pages/page_index.h"

namespace postmortem {
namespace {

constexpr std::uint64_t xen_max_sections = 256;
// XEN_ELFNOTE_DUMPCORE_HEADER and _XEN_VERSION (xen/include/public/elfnote.h).
constexpr std::uint32_t xen_header_note = 0x2000001, xen_version_note = 0x2000002;
// XC_CORE_MAGIC_HVM; a paravirtual domain's ends in d.
constexpr std::uint64_t xen_hvm_magic = 0xf00febee;

struct XenSection {
    std::string_view name;
    std::uint64_t offset = 0, size = 0;
};

struct XenSections {
    std::vector<std::byte> table_storage, name_storage;
    std::vector<XenSection> all;

    const XenSection* find(std::string_view name) const {
        const auto found =
            std::find_if(all.begin(), all.end(), [&](const XenSection& s) { return s.name == name; });
        return found == all.end() ? nullptr : &*found;
    }
};

// Elf64_Ehdr and Elf64_Shdr; 32-bit tool stacks write 64-bit files, too.
std::optional<XenSections> read_xen_sections(const ByteSource& source, ByteReader header) {
    const auto table = header.u64(offsetof(Elf64_Ehdr, e_shoff));
    const auto entry = header.u16(offsetof(Elf64_Ehdr, e_shentsize));
    const auto count = header.u16(offsetof(Elf64_Ehdr, e_shnum));
    const auto names_index = header.u16(offsetof(Elf64_Ehdr, e_shstrndx));
    if (!table || !entry || !count || !names_index || *entry < sizeof(Elf64_Shdr) ||
        *count > xen_max_sections || *names_index >= *count)
        return std::nullopt;
    XenSections sections;
    const std::uint64_t size = std::uint64_t{*count} * *entry;
    const auto bytes = read_kept(source, *table, size, sections.table_storage);
    if (!bytes) return std::nullopt;
    const ByteReader headers(*bytes, header.endian());
    const auto word = [&](std::uint64_t index, std::uint64_t member) {
        return headers.u64(index * *entry + member).value_or(0);
    };
    const auto names = read_kept(source, word(*names_index, offsetof(Elf64_Shdr, sh_offset)),
                                 word(*names_index, offsetof(Elf64_Shdr, sh_size)), sections.name_storage);
    if (!names) return std::nullopt;
    for (std::uint64_t i = 0; i < *count; ++i) {
        const auto name = ByteReader(*names).c_string(headers.u32(i * *entry).value_or(0));
        if (name)
            sections.all.push_back(
                {*name, word(i, offsetof(Elf64_Shdr, sh_offset)), word(i, offsetof(Elf64_Shdr, sh_size))});
    }
    return sections;
}

// struct vcpu_guest_context of x86_64 (xen/include/public/arch-x86/xen.h), one for each virtual CPU.
struct XenCpuAt {
    static constexpr std::size_t size = 5168, registers = 520, control = 4984, fs_base = 5144;
    static constexpr std::size_t kernel_gs = 5152, user_gs = 5160;
    // Within the registers, by the number in machine code; behind them where it goes on, and the flags.
    static constexpr std::array<std::uint8_t, VirtualCpu::register_count> order = {
        80, 88, 96, 40, 152, 32, 104, 112, 72, 64, 56, 48, 24, 16, 8, 0, 128, 144};
    static constexpr std::array<std::uint8_t, 6> segments = {168, 136, 160, 176, 184, 192};
};

VirtualCpu parse_xen_cpu(ByteReader context) {
    VirtualCpu cpu;
    for (std::size_t i = 0; i < cpu.registers.size(); ++i)
        cpu.registers[i] = context.u64(XenCpuAt::registers + XenCpuAt::order[i]).value_or(0);
    for (std::size_t i = 0; i < XenCpuAt::segments.size(); ++i)
        cpu.segments[i].selector = context.u16(XenCpuAt::registers + XenCpuAt::segments[i]).value_or(0);
    for (std::size_t i = 0; i < cpu.control.size(); ++i)
        cpu.control[i] = context.u64(XenCpuAt::control + i * 8).value_or(0);
    cpu.segments[VirtualCpu::gs].base = context.u64(XenCpuAt::kernel_gs).value_or(0);
    cpu.other_gs_base = context.u64(XenCpuAt::user_gs).value_or(0);
    return cpu;
}

class XenCore final : public DumpFile {
  public:
    XenCore(std::unique_ptr<ByteSource> source, ByteReader header, XenSections sections)
        : source_(std::move(source)),
          sections_(std::move(sections)),
          endian_(header.endian()),
          machine_(header.u16(18).value_or(0)) {
        problems_ = source_->origin().problems;
        info_.file = source_->origin().file;
        info_.files = {info_.file};
        info_.format = source_->origin().wrapping + "Xen domain core";
        read_notes();
    }

    /// Where the pages lie. Errors: Corrupt.
    Result<void> read_pages(const XenSection& pages, const XenSection& numbers) {
        first_page_ = pages.offset;
        const std::uint64_t count = std::min(numbers.size / 8, pages.size / page_size_);
        std::array<std::byte, 4096> scratch;
        for (std::uint64_t i = 0; i < count;) {
            const std::uint64_t some = std::min<std::uint64_t>(count - i, scratch.size() / 8);
            const auto offset = checked_add(numbers.offset, i * 8);
            const auto bytes = offset ? source_->read(*offset, some * 8, scratch) : std::nullopt;
            if (!bytes) {
                problems_.emplace_back(
                    ErrorCode::PageMissing,
                    fmt::format("the file is truncated: it holds the numbers of {} of its {} pages", i,
                                count));
                is_cut_off_ = true;
                break;
            }
            for (std::uint64_t k = 0; k < some; ++k) {
                const std::uint64_t pfn = load<std::uint64_t>(bytes->data() + k * 8, endian_);
                if (pfn < max_pfn) index_.add(pfn, i + k);  // of a hole all bits are set
            }
            i += some;
        }
        index_.seal();
        info_.max_pfn = index_.end_pfn();
        if (source_->size() - std::min(source_->size(), first_page_) < count * page_size_) {
            is_cut_off_ = true;
            problems_.emplace_back(
                ErrorCode::PageMissing,
                fmt::format("the file is truncated: it ends at byte {}, before all of its {} pages",
                            source_->size(), count));
        }
        return {};
    }

    void read_cpus() {
        const XenSection* contexts = sections_.find(".xen_prstatus");
        if (!contexts || machine_ != EM_X86_64) return;
        std::vector<std::byte> storage;
        const auto bytes = read_kept(*source_, contexts->offset, contexts->size, storage);
        if (!bytes) return;
        for (std::size_t at = 0; at + XenCpuAt::size <= bytes->size(); at += XenCpuAt::size)
            cpu_notes_.push_back(
                qemu_note_of(parse_xen_cpu(ByteReader(bytes->subspan(at, XenCpuAt::size), endian_))));
        for (const auto& note : cpu_notes_) notes_.push_back({virtual_cpu_note, 0, note});
    }

    bool is_paravirtual() const { return paravirtual_; }

    const DumpInfo& info() const override { return info_; }
    std::uint32_t page_size() const override { return page_size_; }
    Endian endian() const override { return endian_; }
    std::uint16_t machine() const override { return machine_; }
    std::string_view vmcoreinfo() const override { return vmcoreinfo_in(notes_); }
    const std::vector<Note>& notes() const override { return notes_; }
    const std::vector<Error>& problems() const override { return problems_; }
    void add_problem(Error problem) override { problems_.push_back(std::move(problem)); }

    Result<PageBytes> page(std::uint64_t paddr, MutableBytes scratch) const override {
        if (scratch.size() < page_size_)
            return fail(ErrorCode::InvalidArgument, "the buffer for a page is smaller than a page", paddr);
        const StoredPage* stored = index_.find(paddr / page_size_);
        if (!stored)
            return is_cut_off_
                       ? fail(ErrorCode::PageMissing, "the file is truncated before the page", paddr)
                       : fail(ErrorCode::NoSuchMemory, "the domain had no memory at this address", paddr);
        const auto bytes = source_->read(first_page_ + stored->at * page_size_, page_size_, scratch);
        if (!bytes)
            return fail(ErrorCode::PageMissing, "the file is truncated before the page's data", paddr);
        return PageBytes{*bytes, 0};
    }

    std::optional<std::uint64_t> next_frame(std::uint64_t pfn) const override { return index_.next(pfn); }
    void existing_frames(std::uint64_t first_pfn, MutableBytes bits) const override {
        index_.mark(first_pfn, bits);
    }

  private:
    static constexpr std::uint64_t max_pfn = 1ull << 40;

    void read_notes() {
        const XenSection* section = sections_.find(".note.Xen");
        if (!section) return;
        const auto area = read_kept(*source_, section->offset, section->size, note_storage_);
        if (!area)
            return problems_.emplace_back(ErrorCode::PageMissing, "the notes are missing in the file"),
                   void();
        if (auto wrong = append_notes(*area, endian_, notes_)) problems_.push_back(std::move(*wrong));
        for (const Note& note : notes_) {
            const ByteReader reader(note.desc, endian_);
            if (note.name != "Xen") continue;
            if (note.type == xen_header_note) {
                paravirtual_ = reader.u64(0) != xen_hvm_magic;
                const auto size = reader.u64(24);
                if (size && is_power_of_two(*size) && *size >= 4096 && *size <= 65536)
                    page_size_ = static_cast<std::uint32_t>(*size);
                info_.header = {{"virtual CPUs", fmt::format("{}", reader.u64(8).value_or(0))},
                                {"pages", fmt::format("{}", reader.u64(16).value_or(0))}};
            } else if (note.type == xen_version_note) {
                const auto text =
                    note.desc.size() > 16
                        ? note.desc.subspan(16, std::min<std::size_t>(16, note.desc.size() - 16))
                        : Bytes();
                info_.header.push_back(
                    {"Xen", fmt::format("{}.{}{}", reader.u64(0).value_or(0), reader.u64(8).value_or(0),
                                        until_nul(as_text(text)))});
            }
        }
    }

    std::unique_ptr<ByteSource> source_;
    XenSections sections_;
    Endian endian_;
    std::uint16_t machine_;
    std::uint32_t page_size_ = 4096;
    std::uint64_t first_page_ = 0;
    bool paravirtual_ = false, is_cut_off_ = false;
    PageIndex index_;
    DumpInfo info_;
    std::vector<std::byte> note_storage_;
    std::vector<std::vector<std::byte>> cpu_notes_;
    std::vector<Note> notes_;
    std::vector<Error> problems_;
};

}  // namespace

bool looks_like_xen_core(Bytes head) {
    if (!as_text(head).starts_with(ELFMAG)) return false;
    const Endian endian = ByteReader(head).u8(EI_DATA) == ELFDATA2MSB ? Endian::Big : Endian::Little;
    const ByteReader header(head, endian);
    return header.u8(EI_CLASS) == ELFCLASS64 && header.u16(16) == ET_CORE &&
           header.u16(offsetof(Elf64_Ehdr, e_phnum)) == 0 &&
           header.u16(offsetof(Elf64_Ehdr, e_shnum)).value_or(0) != 0;
}

Result<std::unique_ptr<DumpFile>> open_xen_core(std::unique_ptr<ByteSource> source) {
    std::array<std::byte, sizeof(Elf64_Ehdr)> scratch;
    const auto bytes = source->read(0, scratch.size(), scratch);
    if (!bytes) return fail(ErrorCode::Corrupt, "the file ends within its ELF header");
    const ByteReader header(*bytes,
                            ByteReader(*bytes).u8(EI_DATA) == ELFDATA2MSB ? Endian::Big : Endian::Little);
    auto sections = read_xen_sections(*source, header);
    if (!sections)
        return fail(ErrorCode::Corrupt,
                    "the ELF core file has no memory segments, and its sections, as of a Xen "
                    "domain, cannot be read; it was cut off perhaps: they lie at its end");
    const XenSection* const pages = sections->find(".xen_pages");
    const XenSection* const numbers = sections->find(".xen_pfn");
    const bool paravirtual = sections->find(".xen_p2m") != nullptr;
    if (!pages || (!numbers && !paravirtual))
        return fail(
            ErrorCode::Corrupt,
            "the ELF core file has neither memory segments nor the sections of a Xen domain's memory");
    if (paravirtual)
        return fail(
            ErrorCode::Unsupported,
            "it is the core of a paravirtual Xen domain, whose page tables hold the host's page numbers, "
            "which is not read; crash reads it");
    const XenSection pages_at = *pages, numbers_at = *numbers;
    auto core = std::make_unique<XenCore>(std::move(source), header, std::move(*sections));
    if (auto read = core->read_pages(pages_at, numbers_at); !read) return fail(read.error());
    core->read_cpus();
    return core;
}

}  // namespace postmortem
