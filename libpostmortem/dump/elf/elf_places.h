// At which addresses the segments of an ELF dump lie. Of each map of the kernel's, the direct one and that of
// its text, the distance between virtual and physical addresses is the same in all segments, and what two
// maps share is the same bytes: a header that is damaged by a bit stands out.
#pragma once

#include "dump/byte_source.h"
#include "dump/elf/elf_tiling.h"

namespace postmortem {

/// Judges what tile_segments() gave: puts right what is certain, and takes out what is doubtful.
void place_segments(const ByteSource& source, const ElfHeaders& elf, ElfSegments& segments);

}  // namespace postmortem
