// Feeds a decoder from a source, and gives away what it makes piece by piece.
#pragma once

#include <memory>

#include "base/stream_decoder.h"
#include "dump/byte_source.h"

namespace postmortem {

class Unpacker {
  public:
    /// At most `piece` bytes are made at a time.
    Unpacker(const ByteSource& source, StreamFormat format, std::size_t piece = 1 << 20)
        : source_(source), format_(format), decoder_(make_stream_decoder(format)), in_(piece), out_(piece) {}

    /// The next bytes; none at the end, or where the stream is damaged.
    Bytes next();
    std::uint64_t taken() const { return at_ - waiting_.size(); }
    enum class End { Well, CutOff, Damaged };
    End end() const { return end_; }
    /// Bytes behind the end of the last stream that are neither another one nor the zeros of a padding.
    std::uint64_t left_behind() const { return left_behind_; }

  private:
    void step(MutableBytes& room);
    void refill();
    bool goes_on();
    void skip_padding();

    const ByteSource& source_;
    StreamFormat format_;
    std::unique_ptr<StreamDecoder> decoder_;
    ByteBuffer in_, out_;
    Bytes waiting_;
    std::uint64_t at_ = 0, left_behind_ = 0;
    int idle_ = 0;
    End end_ = End::Well;
    bool done_ = false, between_streams_ = false;
};

}  // namespace postmortem
