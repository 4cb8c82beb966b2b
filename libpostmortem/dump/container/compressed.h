// A dump in a compressed file. Where the file can be entered at many places (zstd's seekable format, xz with
// several blocks, BGZF) a block is unpacked when it is first read; else all of it is, once. Either way the
// bytes stay in a temporary file that takes no memory.
#pragma once

#include <memory>
#include <vector>

#include "base/stream_decoder.h"
#include "dump/container/open_context.h"

namespace postmortem {

/// Whether `head` (the first bytes of a file) is of a known compression.
bool looks_like_compressed(Bytes head);

/// The first `wanted` bytes that a compressed file unpacks to, as far as `head` goes.
std::vector<std::byte> decoded_head(Bytes head, std::size_t wanted);

/// What `outer` unpacks to; of a damaged one, what comes before the damage. Errors: Io (no room for the
/// temporary file); Corrupt (nothing can be unpacked).
Result<std::unique_ptr<ByteSource>> open_compressed(std::unique_ptr<ByteSource> outer,
                                                    const OpenContext& context);

/// The same for a stream whose kind is known, and maybe the CRC-32 of what it unpacks to.
Result<std::unique_ptr<ByteSource>> unpack_stream(std::unique_ptr<ByteSource> outer, StreamFormat format,
                                                  const OpenContext& context,
                                                  std::optional<std::uint32_t> crc = std::nullopt);

/// The same, and no more of it than is read, up to some megabytes: to see what it is. `size` is what is said
/// of it. Not for several threads.
std::unique_ptr<ByteSource> unpack_front(std::unique_ptr<ByteSource> outer, StreamFormat format,
                                         std::uint64_t size);

}  // namespace postmortem
