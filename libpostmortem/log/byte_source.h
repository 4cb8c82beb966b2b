// Where a log's bytes come from, a chunk at a time: memory, a file, a pipe, or a decompressor in front of
// one.
#pragma once

#include <filesystem>
#include <memory>

#include "base/bytes.h"

namespace postmortem {

class ByteSource {
  public:
    ByteSource() = default;
    ByteSource(const ByteSource&) = delete;
    ByteSource& operator=(const ByteSource&) = delete;
    virtual ~ByteSource() = default;

    /// Fills the front of `into` and says how much; 0 is the end. After an error the source is at its end.
    virtual Result<std::size_t> read(MutableBytes into) = 0;
};

/// Borrows: the bytes must outlive the source.
std::unique_ptr<ByteSource> memory_source(Bytes bytes);

/// Reads a file, a pipe or, for "-", standard input. Fails with Io.
Result<std::unique_ptr<ByteSource>> file_source(const std::filesystem::path& path);

}  // namespace postmortem
