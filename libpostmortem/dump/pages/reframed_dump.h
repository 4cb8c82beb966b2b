// A dump whose writer knew neither the size of the kernel's pages nor its order of bytes: QEMU writes that of
// a pseries machine in blocks of 64 KiB, and big endian.
#pragma once

#include <memory>

#include "dump/dump_file.h"

namespace postmortem {

/// The same dump in frames of `page_size` bytes, a power of two. What is held of a frame of which the dump
/// has several parts is one run of them.
std::unique_ptr<DumpFile> reframed_dump(std::unique_ptr<DumpFile> dump, std::uint32_t page_size,
                                        Endian endian);

}  // namespace postmortem
