// The kdump-compressed format of makedumpfile, QEMU and (as DISKDUMP) its ancestor: bitmaps tell which pages
// are there, a descriptor per dumped page tells where, and each page is compressed by itself.
#pragma once

#include <memory>

#include "dump/byte_source.h"
#include "dump/dump_file.h"

namespace postmortem {

/// Whether `head` (the first bytes of a file) has a kdump-compressed signature.
bool looks_like_kdump(Bytes head);

/// Opens a file that looks_like_kdump(). Errors: Corrupt where the headers cannot be used.
Result<std::unique_ptr<DumpFile>> open_kdump(std::unique_ptr<ByteSource> source);

}  // namespace postmortem
