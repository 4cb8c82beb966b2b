#include "support/elf_builder.h"

#include <cstring>

namespace postmortem::test {
namespace {

template <class T>
std::string raw(const T& value) {
    return {reinterpret_cast<const char*>(&value), sizeof value};
}

std::string note(std::string_view name, std::uint32_t type, std::string_view content) {
    const Elf64_Nhdr header{static_cast<Elf64_Word>(name.size() + 1), static_cast<Elf64_Word>(content.size()),
                            type};
    const auto padded = [](std::string text) {
        text.resize((text.size() + 3) / 4 * 4, '\0');
        return text;
    };
    return raw(header) + padded(std::string(name) + '\0') + padded(std::string(content));
}

}  // namespace

std::uint16_t ElfBuilder::add_section(std::string name, std::uint32_t type, std::uint64_t flags,
                                      std::uint64_t address, std::string content, std::uint32_t link,
                                      std::uint64_t entry_size) {
    Elf64_Shdr header{};
    header.sh_type = type;
    header.sh_flags = flags;
    header.sh_addr = address;
    header.sh_size = content.size();
    header.sh_link = link;
    header.sh_addralign = 1;
    header.sh_entsize = entry_size;
    if (type == SHT_NOBITS) content.clear();
    sections_.push_back({std::move(name), header, std::move(content)});
    return static_cast<std::uint16_t>(sections_.size());
}

void ElfBuilder::add_build_id(std::string_view id) {
    add_section(".notes", SHT_NOTE, SHF_ALLOC, 0xffffffff82000000,
                note("Xen", 6, "linux") + note("GNU", NT_GNU_BUILD_ID, id));
}

void ElfBuilder::add_symbol(std::string_view name, std::uint64_t value, std::uint16_t section, unsigned type,
                            unsigned binding) {
    Elf64_Sym symbol{};
    symbol.st_name = static_cast<Elf64_Word>(symbol_names_.size());
    symbol.st_info = static_cast<unsigned char>(ELF64_ST_INFO(binding, type));
    symbol.st_shndx = section;
    symbol.st_value = value;
    symbols_ += raw(symbol);
    symbol_names_ += std::string(name) + '\0';
}

std::string ElfBuilder::build(std::uint16_t type) {
    if (symbols_.size() > sizeof(Elf64_Sym)) {
        const auto names = add_section(".strtab", SHT_STRTAB, 0, 0, symbol_names_);
        add_section(".symtab", SHT_SYMTAB, 0, 0, symbols_, names, sizeof(Elf64_Sym));
    }
    add_section(".shstrtab", SHT_STRTAB, 0, 0, "");
    std::string names(1, '\0');
    for (Section& section : sections_) {
        section.header.sh_name = static_cast<Elf64_Word>(names.size());
        names += section.name + '\0';
    }
    sections_.back().content = names;
    sections_.back().header.sh_size = names.size();

    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = type;
    header.e_machine = EM_X86_64;
    header.e_version = EV_CURRENT;
    header.e_ehsize = sizeof(Elf64_Ehdr);
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shnum = static_cast<Elf64_Half>(sections_.size() + 1);
    header.e_shstrndx = static_cast<Elf64_Half>(sections_.size());

    std::string body, table = raw(Elf64_Shdr{});
    for (Section& section : sections_) {
        body.resize((body.size() + 15) / 16 * 16, '\0');
        section.header.sh_offset = sizeof header + body.size();
        body += section.content;
        table += raw(section.header);
    }
    body.resize((body.size() + 15) / 16 * 16, '\0');
    header.e_shoff = sizeof header + body.size();
    return raw(header) + body + table;
}

}  // namespace postmortem::test
