// Logs that are stored compressed: gzip, xz, zstd, lz4 and bzip2 files, and the bare streams that pstore
// leaves behind when the kernel could not unpack its own records.
#pragma once

#include <memory>

#include "log/text/byte_stream.h"

namespace postmortem {

/// Looks at the first bytes and puts a decompressor in front of the source where they ask for one; UTF-16
/// becomes UTF-8. Anything else passes through untouched. A damaged stream ends with an Error after what
/// could be unpacked.
std::unique_ptr<ByteStream> decompressed(std::unique_ptr<ByteStream> source);

}  // namespace postmortem
