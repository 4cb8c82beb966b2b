// Where a log's bytes come from, a chunk at a time: memory, a file, a pipe, or a decompressor in front of
// one.
#pragma once

#include <filesystem>
#include <memory>

#include "base/bytes.h"

namespace postmortem {

class ByteStream {
  public:
    ByteStream() = default;
    ByteStream(const ByteStream&) = delete;
    ByteStream& operator=(const ByteStream&) = delete;
    virtual ~ByteStream() = default;

    /// Fills the front of `into` and says how much; 0 is the end. After an error the source is at its end.
    virtual Result<std::size_t> read(MutableBytes into) = 0;
};

/// Borrows: the bytes must outlive the source.
std::unique_ptr<ByteStream> byte_stream_of(Bytes bytes);

/// Reads a file, a pipe or, for "-", standard input. Fails with Io.
Result<std::unique_ptr<ByteStream>> open_byte_stream(const std::filesystem::path& path);

}  // namespace postmortem
