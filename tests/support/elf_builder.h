// Writes small ELF64 files, so that a test can say exactly what a vmlinux holds.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <elf.h>

#include "base/bytes.h"

namespace postmortem::test {

/// Sections in the order in which they were added; their numbers begin with 1.
class ElfBuilder {
  public:
    /// Gives the section's number.
    std::uint16_t add_section(std::string name, std::uint32_t type, std::uint64_t flags,
                              std::uint64_t address, std::string content, std::uint32_t link = 0,
                              std::uint64_t entry_size = 0);
    /// A .notes section with a note of Xen's before the build-id.
    void add_build_id(std::string_view raw);
    void add_symbol(std::string_view name, std::uint64_t value, std::uint16_t section,
                    unsigned type = STT_FUNC, unsigned binding = STB_GLOBAL);

    /// Adds .symtab and .strtab where there are symbols, and gives the file.
    std::string build(std::uint16_t type = ET_EXEC);

  private:
    struct Section {
        std::string name;
        Elf64_Shdr header;
        std::string content;
    };
    std::vector<Section> sections_;
    std::string symbols_ = std::string(sizeof(Elf64_Sym), '\0');
    std::string symbol_names_ = std::string(1, '\0');
};

}  // namespace postmortem::test
