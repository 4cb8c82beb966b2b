// Where in the file the segments of an ELF dump lie. The kernel, makedumpfile and QEMU write them one behind
// the other, from the table of program headers to the end of the file, with no gap but up to the next page: a
// header that is damaged leaves a gap, or lays two segments over each other.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dump/byte_source.h"
#include "dump/elf/elf_headers.h"

namespace postmortem {

struct ElfSegments {
    std::vector<ProgramHeader> loads;  ///< of memory; those that are doubtful are left out
    std::vector<Error> problems;
    bool map_twice =
        false;            ///< some are the same memory at other virtual addresses, as far as the file tells
    bool unsure = false;  ///< memory that none of them has may yet be in the file
};

/// The segments of memory as the headers give them; where these contradict each other, as the one way to read
/// them has it by which all segments follow each other.
ElfSegments tile_segments(const ByteSource& source, const ElfHeaders& elf);

}  // namespace postmortem
