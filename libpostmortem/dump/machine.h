// What `uname -m` calls the machines that Linux dumps come from, and ELF's number and the word size of each.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace postmortem {

inline constexpr std::uint16_t em_loongarch = 258;  // newer than some elf.h

/// ELF's e_machine for a `uname -m` name such as "x86_64", "i686" or "ppc64le"; 0 where it is not known.
std::uint16_t elf_machine_of(std::string_view uname_machine);

/// The other way round, for a header to be written; empty where it is not known.
std::string_view uname_machine_of(std::uint16_t elf_machine, Endian endian);

/// Bytes in a long: 4 or 8; 0 where the machine is not known.
std::uint32_t word_size_of(std::string_view uname_machine);

/// i386 to i686.
bool is_i386(std::string_view uname_machine);

}  // namespace postmortem
