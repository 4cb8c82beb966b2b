// The flattened format of `makedumpfile -F` and of QEMU's kdump-* formats: the writes that would have made a
// dump file, one record after the other, because the output was a pipe that cannot seek.
#pragma once

#include <memory>

#include "dump/byte_source.h"

namespace postmortem {

/// Whether `head` (the first bytes of a file) has the flattened format's signature.
bool looks_like_flattened(Bytes head);

/// The file that `outer` unfolds to. Where records overlap the later one wins; what no record wrote reads as
/// zero, as it would in the file that the writes make. In a truncated file it might have been written by a
/// lost record, and is missing instead. Walks all record headers, and nothing else, once. Errors: Corrupt,
/// Unsupported (an unknown version).
Result<std::unique_ptr<ByteSource>> open_flattened(std::unique_ptr<ByteSource> outer);

}  // namespace postmortem
