// The compressed files that logs and dumps arrive in: which kind it is by its first bytes, and a decoder that
// takes any number of bytes at a time.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "base/bytes.h"

namespace postmortem {

enum class StreamFormat { Gzip, Xz, Zstd, Lz4, Lz4Legacy, Bzip2, Deflate };

std::string_view to_string(StreamFormat format);

/// The kind of a file that starts with `head`; never Deflate, which has no signature. A frame that zstd and
/// lz4 skip is looked behind, as far as `head` goes, and then is zstd's.
std::optional<StreamFormat> stream_format(Bytes head);

/// With its own header, of a frame that zstd and lz4 skip; 0 where none begins here.
std::uint64_t skippable_frame_size(Bytes start);

enum class StreamProgress {
    More,
    End,      ///< of one stream; another may follow in the same file
    Damaged,  ///< or in need of more memory than is granted
};

/// Takes bytes off the front of `in`, fills the front of `out`.
class StreamDecoder {
  public:
    StreamDecoder() = default;
    StreamDecoder(const StreamDecoder&) = delete;
    StreamDecoder& operator=(const StreamDecoder&) = delete;
    virtual ~StreamDecoder() = default;

    /// An empty `in` says that the file has ended.
    virtual StreamProgress step(Bytes& in, MutableBytes& out) = 0;
};

/// Its memory is bounded, whatever window a file announces.
std::unique_ptr<StreamDecoder> make_stream_decoder(StreamFormat format);

}  // namespace postmortem
