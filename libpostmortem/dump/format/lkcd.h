// LKCD, the Linux Kernel Crash Dump of 2.2 to 2.6 (lkcd.sourceforge.net; its headers are dump.h and
// dump_header_v8.h): a header, then pages one by one, each behind its address, its size, and whether it is
// compressed.
#pragma once

#include <memory>

#include "dump/byte_source.h"
#include "dump/dump_file.h"

namespace postmortem {

bool looks_like_lkcd(Bytes head);

/// Errors: Corrupt; Unsupported (a version that is not known).
Result<std::unique_ptr<DumpFile>> open_lkcd(std::unique_ptr<ByteSource> source);

}  // namespace postmortem
