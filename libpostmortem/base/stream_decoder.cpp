#include "base/stream_decoder.h"

#include <algorithm>
#include <limits>

#include <bzlib.h>
#include <lz4.h>
#include <lz4frame.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/lz4_block.h"
#include "base/no_memory.h"

namespace postmortem {
namespace {

using namespace std::string_view_literals;

// xz -9 takes 65 MiB, zstd --ultra and --long 128 MiB.
constexpr std::uint64_t max_decoder_memory = 160u << 20;

// The libraries count in unsigned int.
template <class Count>
Count counted(std::size_t size) {
    return static_cast<Count>(std::min<std::size_t>(size, std::numeric_limits<Count>::max()));
}

class InflateDecoder final : public StreamDecoder {
  public:
    explicit InflateDecoder(int window_bits) {
        if (inflateInit2(&stream_, window_bits) != Z_OK) tell_of_no_memory();
    }
    ~InflateDecoder() override { inflateEnd(&stream_); }

    StreamProgress step(Bytes& in, MutableBytes& out) override {
        const auto offered = counted<uInt>(in.size()), room = counted<uInt>(out.size());
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(in.data()));
        stream_.avail_in = offered;
        stream_.next_out = reinterpret_cast<Bytef*>(out.data());
        stream_.avail_out = room;
        const int result = inflate(&stream_, Z_NO_FLUSH);
        if (result == Z_MEM_ERROR) tell_of_no_memory();
        in = in.subspan(offered - stream_.avail_in);
        out = out.subspan(room - stream_.avail_out);
        if (result == Z_STREAM_END) {
            inflateReset(&stream_);
            return StreamProgress::End;
        }
        return result == Z_OK || result == Z_BUF_ERROR ? StreamProgress::More : StreamProgress::Damaged;
    }

  private:
    z_stream stream_{};
};

class XzDecoder final : public StreamDecoder {
  public:
    XzDecoder() { start(); }
    ~XzDecoder() override { lzma_end(&stream_); }

    StreamProgress step(Bytes& in, MutableBytes& out) override {
        if (at_start_) skip_padding(in);
        if (at_start_ && in.empty()) return StreamProgress::End;
        at_start_ = false;
        stream_.next_in = reinterpret_cast<const std::uint8_t*>(in.data());
        stream_.avail_in = in.size();
        stream_.next_out = reinterpret_cast<std::uint8_t*>(out.data());
        stream_.avail_out = out.size();
        const lzma_ret result = lzma_code(&stream_, in.empty() ? LZMA_FINISH : LZMA_RUN);
        if (result == LZMA_MEM_ERROR) tell_of_no_memory();
        in = in.last(stream_.avail_in);
        out = out.last(stream_.avail_out);
        if (result == LZMA_STREAM_END) {
            start();
            return StreamProgress::End;
        }
        return result == LZMA_OK || result == LZMA_BUF_ERROR ? StreamProgress::More : StreamProgress::Damaged;
    }

  private:
    void start() {
        if (lzma_stream_decoder(&stream_, max_decoder_memory, 0) != LZMA_OK) tell_of_no_memory();
        at_start_ = true;
    }
    // Zeros may stand between streams.
    static void skip_padding(Bytes& in) {
        while (!in.empty() && in.front() == std::byte{0}) in = in.subspan(1);
    }

    lzma_stream stream_ = LZMA_STREAM_INIT;
    bool at_start_ = true;
};

// What a decoder asks for next, and no more: else the checksum behind the last block fails in the call that
// would have given what the block holds, and all of it is lost.
class Portion {
  public:
    std::size_t of(Bytes in) const { return std::min(in.size(), wanted_); }
    /// Where the room for what is made is used up, it has more to give first.
    void next(std::size_t wanted, bool room_is_full) { wanted_ = room_is_full ? 0 : wanted; }

  private:
    std::size_t wanted_ = 1;  // a first byte, and the decoder tells
};

class ZstdDecoder final : public StreamDecoder {
  public:
    ZstdDecoder() : stream_(allocated(ZSTD_createDStream())) {}
    ~ZstdDecoder() override { ZSTD_freeDStream(stream_); }

    StreamProgress step(Bytes& in, MutableBytes& out) override {
        ZSTD_inBuffer input{in.data(), portion_.of(in), 0};
        ZSTD_outBuffer output{out.data(), out.size(), 0};
        const std::size_t result = ZSTD_decompressStream(stream_, &output, &input);
        in = in.subspan(input.pos);
        out = out.subspan(output.pos);
        if (ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation) tell_of_no_memory();
        if (ZSTD_isError(result)) return StreamProgress::Damaged;
        portion_.next(result == 0 ? 1 : result, result != 0 && output.pos == output.size);
        return result == 0 ? StreamProgress::End : StreamProgress::More;
    }

  private:
    ZSTD_DStream* stream_;
    Portion portion_;
};

// The block of an lz4 frame that the bytes taken so far end in (lz4's doc/lz4_Frame_format.md).
class Lz4BlockWatch {
  public:
    static constexpr std::size_t max_block = 4 << 20;

    void take(Bytes taken) {
        while (!taken.empty() && part_ != Part::Unknown) {
            const std::size_t length = std::min(taken.size(), wanted_ - held_.size());
            held_.insert(held_.end(), taken.begin(), taken.begin() + static_cast<std::ptrdiff_t>(length));
            taken = taken.subspan(length);
            if (held_.size() == wanted_) next();
        }
    }
    /// Empty but for a compressed one that has begun.
    Bytes block() const {
        if (part_ != Part::Block || !is_compressed_) return {};
        return Bytes(held_).first(std::min(held_.size(), length_));
    }

  private:
    enum class Part { Start, Header, BlockSize, Block, Unknown };

    void next() {
        switch (part_) {
            case Part::Start: {
                const auto flags = std::to_integer<unsigned>(held_[4]);
                has_checksums_ = (flags & 0x10) != 0;
                const bool is_frame = load<std::uint32_t>(held_.data(), Endian::Little) == 0x184d2204;
                return want(is_frame ? Part::Header : Part::Unknown,
                            2 + ((flags & 8) != 0 ? 8 : 0) + ((flags & 1) != 0 ? 4 : 0));
            }
            case Part::BlockSize: {
                const auto size = load<std::uint32_t>(held_.data(), Endian::Little);
                is_compressed_ = size >> 31 == 0;
                length_ = size & 0x7fffffff;
                // The frame's end: the decoder will say so.
                if (length_ == 0 || length_ > max_block) return want(Part::Unknown, 0);
                return want(Part::Block, length_ + (has_checksums_ ? 4 : 0));
            }
            default: return want(Part::BlockSize, 4);
        }
    }
    void want(Part part, std::size_t size) {
        part_ = part;
        wanted_ = size;
        held_.clear();
    }

    Part part_ = Part::Start;
    std::size_t wanted_ = 5, length_ = 0;
    ByteBuffer held_;
    bool has_checksums_ = false, is_compressed_ = false;
};

// Where the file ends within a block, its front is given.
class Lz4Decoder final : public StreamDecoder {
  public:
    Lz4Decoder() {
        if (LZ4F_isError(LZ4F_createDecompressionContext(&context_, LZ4F_VERSION))) tell_of_no_memory();
    }
    ~Lz4Decoder() override { LZ4F_freeDecompressionContext(context_); }

    StreamProgress step(Bytes& in, MutableBytes& out) override {
        std::size_t taken = portion_.of(in);
        std::size_t made = out.size();
        const std::size_t result = LZ4F_decompress(context_, out.data(), &made, in.data(), &taken, nullptr);
        if (LZ4F_isError(result) && LZ4F_getErrorName(result) == "ERROR_allocation_failed"sv)
            tell_of_no_memory();
        if (LZ4F_isError(result)) return StreamProgress::Damaged;
        if (in.empty() && made == 0) return give_front(out);
        watch_.take(in.first(taken));
        remember(out.first(made));
        in = in.subspan(taken);
        out = out.subspan(made);
        portion_.next(result == 0 ? 1 : result, result != 0 && out.empty());
        if (result != 0) return StreamProgress::More;
        watch_ = {};
        history_.clear();
        return StreamProgress::End;
    }

  private:
    static constexpr std::size_t window = 65536;  // how far a block refers back

    void remember(Bytes made) {
        history_.insert(history_.end(),
                        made.end() - static_cast<std::ptrdiff_t>(std::min(window, made.size())), made.end());
        if (history_.size() > 16 * window)
            history_.erase(history_.begin(), history_.end() - static_cast<std::ptrdiff_t>(window));
    }

    StreamProgress give_front(MutableBytes& out) {
        if (front_.empty() && !watch_.block().empty()) {
            front_.resize(Lz4BlockWatch::max_block);
            front_.resize(unpack_lz4_front(watch_.block(), history_, front_));
            watch_ = {};
        }
        const std::size_t length = std::min(out.size(), front_.size() - given_);
        std::copy_n(front_.begin() + static_cast<std::ptrdiff_t>(given_), length, out.begin());
        given_ += length;
        out = out.subspan(length);
        return StreamProgress::More;
    }

    LZ4F_dctx* context_ = nullptr;
    Portion portion_;
    Lz4BlockWatch watch_;
    ByteBuffer history_, front_;
    std::size_t given_ = 0;
};

// `lz4 -l`, as kernels are packed: the magic, then {size, block} until the file ends; each block unpacks to
// 8 MiB, but for the last one (lz4's doc/lz4_Frame_format.md, "Legacy frame").
class Lz4LegacyDecoder final : public StreamDecoder {
  public:
    StreamProgress step(Bytes& in, MutableBytes& out) override {
        if (given_ < made_) return give(out);
        if (in.empty()) return waiting_.empty() ? StreamProgress::End : unpack_front(out);
        if (!gather(in, waiting_.size() < 4 ? 4 : wanted_)) return StreamProgress::More;
        const std::uint32_t number = load<std::uint32_t>(waiting_.data(), Endian::Little);
        if (waiting_.size() > 4) return unpack();
        if (number == magic) {
            waiting_.clear();
            return StreamProgress::More;
        }
        if (number == 0 || number > max_packed) return StreamProgress::Damaged;
        wanted_ = 4 + std::size_t{number};
        return gather(in, wanted_) ? unpack() : StreamProgress::More;
    }

  private:
    static constexpr std::uint32_t magic = 0x184c2102;
    static constexpr int block_size = 8 << 20;
    static constexpr std::uint32_t max_packed = LZ4_COMPRESSBOUND(block_size);

    bool gather(Bytes& in, std::size_t wanted) {
        const std::size_t length = std::min(in.size(), wanted - waiting_.size());
        waiting_.insert(waiting_.end(), in.begin(), in.begin() + static_cast<std::ptrdiff_t>(length));
        in = in.subspan(length);
        return waiting_.size() == wanted;
    }

    StreamProgress unpack() {
        block_.resize(block_size);
        const int size = LZ4_decompress_safe(reinterpret_cast<const char*>(waiting_.data() + 4),
                                             reinterpret_cast<char*>(block_.data()),
                                             static_cast<int>(waiting_.size() - 4), block_size);
        waiting_.clear();
        if (size < 0) return StreamProgress::Damaged;
        made_ = static_cast<std::size_t>(size);
        given_ = 0;
        return StreamProgress::More;
    }

    // Of a block that the file ends in.
    StreamProgress unpack_front(MutableBytes& out) {
        if (is_cut_off_ || waiting_.size() <= 4) return StreamProgress::More;
        is_cut_off_ = true;
        block_.resize(block_size);
        made_ = unpack_lz4_front(Bytes(waiting_).subspan(4), {}, block_);
        given_ = 0;
        return give(out);
    }

    StreamProgress give(MutableBytes& out) {
        const std::size_t length = std::min(out.size(), made_ - given_);
        std::copy_n(block_.begin() + static_cast<std::ptrdiff_t>(given_), length, out.begin());
        given_ += length;
        out = out.subspan(length);
        return StreamProgress::More;
    }

    ByteBuffer waiting_, block_;
    bool is_cut_off_ = false;
    std::size_t wanted_ = 0, made_ = 0, given_ = 0;
};

class Bzip2Decoder final : public StreamDecoder {
  public:
    Bzip2Decoder() { start(); }
    ~Bzip2Decoder() override { stop(); }

    StreamProgress step(Bytes& in, MutableBytes& out) override {
        const auto offered = counted<unsigned>(in.size()), room = counted<unsigned>(out.size());
        stream_.next_in = reinterpret_cast<char*>(const_cast<std::byte*>(in.data()));
        stream_.avail_in = offered;
        stream_.next_out = reinterpret_cast<char*>(out.data());
        stream_.avail_out = room;
        const int result = BZ2_bzDecompress(&stream_);
        if (result == BZ_MEM_ERROR) tell_of_no_memory();
        in = in.subspan(offered - stream_.avail_in);
        out = out.subspan(room - stream_.avail_out);
        if (result == BZ_STREAM_END) {
            stop();
            start();
            return StreamProgress::End;
        }
        return result == BZ_OK ? StreamProgress::More : StreamProgress::Damaged;
    }

  private:
    void start() {
        stream_ = {};
        if (BZ2_bzDecompressInit(&stream_, 0, 0) != BZ_OK) tell_of_no_memory();
    }
    void stop() { BZ2_bzDecompressEnd(&stream_); }

    bz_stream stream_{};
};

struct Signature {
    std::string_view bytes;
    StreamFormat format;
};

constexpr Signature signatures[] = {{"\x1f\x8b"sv, StreamFormat::Gzip},
                                    {"\xfd\x37\x7a\x58\x5a\x00"sv, StreamFormat::Xz},
                                    {"\x28\xb5\x2f\xfd"sv, StreamFormat::Zstd},
                                    {"\x04\x22\x4d\x18"sv, StreamFormat::Lz4},
                                    {"\x02\x21\x4c\x18"sv, StreamFormat::Lz4Legacy}};

}  // namespace

std::string_view to_string(StreamFormat format) {
    switch (format) {
        case StreamFormat::Gzip: return "gzip";
        case StreamFormat::Xz: return "xz";
        case StreamFormat::Zstd: return "zstd";
        case StreamFormat::Lz4:
        case StreamFormat::Lz4Legacy: return "lz4";
        case StreamFormat::Bzip2: return "bzip2";
        case StreamFormat::Deflate: return "deflate";
    }
    return "unknown";
}

std::optional<StreamFormat> stream_format(Bytes head) {
    while (const std::uint64_t skipped = skippable_frame_size(head)) {
        if (skipped >= head.size()) return StreamFormat::Zstd;
        head = head.subspan(skipped);
    }
    const std::string_view start = as_text(head);
    for (const Signature& known : signatures) {
        if (start.starts_with(known.bytes)) return known.format;
    }
    // BZh, the block size as a digit, then the magic of a block or of the end.
    if (start.starts_with("BZh") && start.size() >= 10 && start[3] >= '1' && start[3] <= '9' &&
        (start.substr(4, 6) == "\x31\x41\x59\x26\x53\x59" ||
         start.substr(4, 6) == "\x17\x72\x45\x38\x50\x90"))
        return StreamFormat::Bzip2;
    return std::nullopt;
}

// pzstd begins with one.
std::uint64_t skippable_frame_size(Bytes start) {
    const ByteReader frame(start, Endian::Little);
    const auto magic = frame.u32(0), size = frame.u32(4);
    constexpr std::uint32_t first = 0x184d2a50;
    return magic && size && (*magic & ~0xfu) == first ? 8 + std::uint64_t{*size} : 0;
}

std::unique_ptr<StreamDecoder> make_stream_decoder(StreamFormat format) {
    constexpr int gzip_or_zlib = 15 + 32, raw = -15;
    switch (format) {
        case StreamFormat::Gzip: return std::make_unique<InflateDecoder>(gzip_or_zlib);
        case StreamFormat::Xz: return std::make_unique<XzDecoder>();
        case StreamFormat::Zstd: return std::make_unique<ZstdDecoder>();
        case StreamFormat::Lz4: return std::make_unique<Lz4Decoder>();
        case StreamFormat::Lz4Legacy: return std::make_unique<Lz4LegacyDecoder>();
        case StreamFormat::Bzip2: return std::make_unique<Bzip2Decoder>();
        case StreamFormat::Deflate: return std::make_unique<InflateDecoder>(raw);
    }
    return nullptr;
}

}  // namespace postmortem
