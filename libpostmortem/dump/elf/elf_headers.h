// ELF's file header and program headers, of either class and byte order, as plain 64-bit values.
#pragma once

#include <vector>

#include "dump/byte_source.h"

namespace postmortem {

struct ProgramHeader {
    std::uint32_t type = 0;
    std::uint64_t offset = 0, vaddr = 0, paddr = 0, filesz = 0, memsz = 0;
    std::uint64_t index = 0;  ///< in the table
};

struct ElfHeaders {
    Endian endian = Endian::Little;
    std::uint32_t word = 8;  ///< 4 for ELF32
    std::uint16_t type = 0, machine = 0;
    std::uint32_t flags = 0;
    std::vector<ProgramHeader> program_headers;  ///< of whatever type
    std::vector<ProgramHeader> spare;            ///< that follow those, before the segments begin
    bool has_unplaced = false;  ///< some were of memory without a physical address, and are left out
    std::uint64_t table_at = 0, header_bytes = 0;
    std::uint64_t data_end = 0;  ///< where sections begin behind the segments (QEMU 7.2), or the file ends
};

/// Reads the header and as many program headers as the file holds (their number may be in section 0:
/// PN_XNUM). What is odd but can be lived with is appended to `problems`.
Result<ElfHeaders> read_elf_headers(const ByteSource& source, std::vector<Error>& problems);

}  // namespace postmortem
