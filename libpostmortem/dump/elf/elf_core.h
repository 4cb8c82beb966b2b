// ELF core files of a kernel: /proc/vmcore, what makedumpfile -E makes of it, and QEMU's dump-guest-memory.
// Each PT_LOAD is a stretch of physical memory.
#pragma once

#include <memory>

#include "dump/byte_source.h"
#include "dump/dump_file.h"

namespace postmortem {

/// Whether `head` (the first bytes of a file) is an ELF core file.
bool looks_like_elf_core(Bytes head);

/// Opens a file that looks_like_elf_core(). Errors: Corrupt where the headers cannot be used; Unsupported for
/// the core file of a process.
Result<std::unique_ptr<DumpFile>> open_elf_core(std::unique_ptr<ByteSource> source);

}  // namespace postmortem
