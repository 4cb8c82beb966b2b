#include "dump/elf/elf_headers.h"

#include <algorithm>
#include <array>

#include <elf.h>
#include <fmt/format.h>

namespace postmortem {
namespace {

// makedumpfile -E begins a new segment after 1 MiB of excluded memory at the earliest: enough for 4 TiB.
constexpr std::uint64_t max_program_headers = 1u << 22;

// Where the fields lie that the two classes place differently; sizes of addresses are a word.
struct Layout {
    std::uint32_t word, phoff, shoff, flags, phentsize, phnum, ehdr_size;
    std::uint32_t ph_offset, ph_vaddr, ph_paddr, ph_filesz, ph_memsz, phdr_size;
    std::uint32_t shnum, sh_offset, sh_info, shdr_size;
};
constexpr Layout layout64 = {8, 32, 40, 48, 54, 56, 64, 8, 16, 24, 32, 40, 56, 60, 24, 44, 64};
constexpr Layout layout32 = {4, 28, 32, 36, 42, 44, 52, 4, 8, 12, 16, 20, 32, 48, 16, 28, 40};

std::uint64_t word_at(ByteReader reader, std::uint64_t offset, std::uint32_t word) {
    return word == 8 ? reader.u64(offset).value_or(0) : reader.u32(offset).value_or(0);
}

ProgramHeader parse_program_header(ByteReader reader, const Layout& at) {
    const auto word = [&](std::uint32_t offset) { return word_at(reader, offset, at.word); };
    return {reader.u32(0).value_or(0),
            word(at.ph_offset),
            word(at.ph_vaddr),
            word(at.ph_paddr),
            word(at.ph_filesz),
            word(at.ph_memsz),
            0};
}

bool is_of_a_dump(const ProgramHeader& header) {
    return header.type == PT_LOAD || header.type == PT_NOTE;
}

// e_phnum has 16 bits; a dump of many segments keeps the count in the first section header.
std::optional<std::uint64_t> true_header_count(const ByteSource& source, ByteReader header,
                                               const Layout& at) {
    const std::uint16_t count = header.u16(at.phnum).value_or(0);
    if (count != PN_XNUM) return count;
    std::array<std::byte, layout64.shdr_size> scratch;
    const auto section = source.read(word_at(header, at.shoff, at.word), at.shdr_size, scratch);
    if (!section) return std::nullopt;
    return ByteReader(*section, header.endian()).u32(at.sh_info);
}

std::optional<ProgramHeader> program_header_at(const ByteSource& source, const Layout& at,
                                               const ElfHeaders& elf, std::uint64_t index) {
    std::array<std::byte, layout64.phdr_size> scratch;
    const auto bytes = source.read(elf.table_at + index * elf.header_bytes, at.phdr_size, scratch);
    if (!bytes) return std::nullopt;
    ProgramHeader parsed = parse_program_header(ByteReader(*bytes, elf.endian), at);
    parsed.index = index;
    return parsed;
}

// The count may be what is damaged. Nothing stands between the table and the first segment, but zeros.
void read_spare_headers(const ByteSource& source, const Layout& at, ElfHeaders& elf, std::uint64_t index) {
    std::uint64_t data = ~0ull;
    const auto look_at_place = [&](const ProgramHeader& header) {
        if (is_of_a_dump(header) && header.filesz != 0) data = std::min(data, header.offset);
    };
    std::for_each(elf.program_headers.begin(), elf.program_headers.end(), look_at_place);
    for (; index < max_program_headers && elf.header_bytes != 0; ++index) {
        const std::uint64_t end = elf.table_at + (index + 1) * elf.header_bytes;
        if (end > std::min(data, source.size())) return;
        const auto spare = program_header_at(source, at, elf, index);
        if (!spare || !is_of_a_dump(*spare)) return;
        look_at_place(*spare);
        if (end > data) return;
        elf.spare.push_back(*spare);
    }
}

void read_program_headers(const ByteSource& source, ByteReader header, const Layout& at, ElfHeaders& elf,
                          std::vector<Error>& problems) {
    const auto claimed = true_header_count(source, header, at);
    if (!claimed) {
        problems.emplace_back(ErrorCode::PageMissing,
                              "the number of program headers lies past the end of the file");
        return;
    }
    const std::uint64_t table = word_at(header, at.phoff, at.word);
    const std::uint64_t header_bytes = header.u16(at.phentsize).value_or(0);
    if (header_bytes < at.phdr_size && *claimed != 0) {
        problems.emplace_back(ErrorCode::Corrupt,
                              fmt::format("a program header cannot have {} bytes", header_bytes));
        return;
    }
    const std::uint64_t there =
        table < source.size() && header_bytes != 0 ? (source.size() - table) / header_bytes : 0;
    const std::uint64_t count = std::min({*claimed, there, max_program_headers});
    if (count < *claimed) {
        problems.emplace_back(ErrorCode::PageMissing,
                              fmt::format("the file holds {} of its {} program headers", count, *claimed));
    }
    elf.table_at = table;
    elf.header_bytes = header_bytes;
    for (std::uint64_t i = 0; i < count; ++i) {
        const auto parsed = program_header_at(source, at, elf, i);
        if (!parsed) {
            problems.emplace_back(ErrorCode::PageMissing,
                                  fmt::format("program header {} is missing in the file", i));
            return;
        }
        // /proc/kcore gives -1 as the physical address of what has none.
        if (parsed->type == PT_LOAD && parsed->paddr == (at.word == 8 ? ~0ull : ~0u))
            elf.has_unplaced = true;
        else
            elf.program_headers.push_back(*parsed);
    }
    if (count == *claimed) read_spare_headers(source, at, elf, count);
}

// QEMU's file ends in a table of the sections' names, whose header stands before the segments.
std::uint64_t first_section_behind(const ByteSource& source, ByteReader header, const Layout& at,
                                   const ElfHeaders& elf) {
    constexpr std::uint16_t most_sections = 16;
    const std::uint64_t table = word_at(header, at.shoff, at.word);
    const std::uint16_t count = std::min(header.u16(at.shnum).value_or(0), most_sections);
    std::uint64_t first = source.size();
    for (std::uint16_t i = 0; table != 0 && i < count; ++i) {
        std::array<std::byte, layout64.shdr_size> scratch;
        const auto bytes = source.read(table + std::uint64_t{i} * at.shdr_size, at.shdr_size, scratch);
        if (!bytes) break;
        const ByteReader section(*bytes, elf.endian);
        const std::uint64_t place = word_at(section, at.sh_offset, at.word);
        const bool has_bytes =
            section.u32(4) != SHT_NULL && word_at(section, at.sh_offset + at.word, at.word) != 0;
        if (has_bytes && place > elf.table_at + elf.header_bytes * elf.program_headers.size())
            first = std::min(first, place);
    }
    return first;
}

}  // namespace

Result<ElfHeaders> read_elf_headers(const ByteSource& source, std::vector<Error>& problems) {
    std::array<std::byte, layout64.ehdr_size> scratch;
    const std::uint64_t available = std::min<std::uint64_t>(source.size(), scratch.size());
    const auto head = source.read(0, available, scratch);
    const ByteReader ident(head.value_or(Bytes{}));
    const std::uint8_t elf_class = ident.u8(EI_CLASS).value_or(0);
    const std::uint8_t data = ident.u8(EI_DATA).value_or(0);
    const Layout& at = elf_class == ELFCLASS32 ? layout32 : layout64;
    if (!head || head->size() < at.ehdr_size) {
        return fail(ErrorCode::Corrupt,
                    fmt::format("the file ends after {} bytes, within the ELF header; it was cut off "
                                "while it was written or copied, so copy it again",
                                available));
    }
    if ((elf_class != ELFCLASS32 && elf_class != ELFCLASS64) ||
        (data != ELFDATA2LSB && data != ELFDATA2MSB)) {
        return fail(ErrorCode::Corrupt,
                    fmt::format("the ELF header is damaged: class {}, byte order {}", elf_class, data));
    }
    ElfHeaders elf;
    elf.endian = data == ELFDATA2LSB ? Endian::Little : Endian::Big;
    elf.word = at.word;
    const ByteReader header(*head, elf.endian);
    elf.type = header.u16(16).value_or(0);
    elf.machine = header.u16(18).value_or(0);
    elf.flags = header.u32(at.flags).value_or(0);
    read_program_headers(source, header, at, elf, problems);
    elf.data_end = first_section_behind(source, header, at, elf);
    return elf;
}

}  // namespace postmortem
