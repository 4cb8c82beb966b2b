#include "log/text/decompress.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include <lz4frame.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "log/text/pstore.h"

namespace postmortem {
namespace {

constexpr std::size_t chunk = 128 * 1024;
constexpr std::uint64_t max_codec_memory = 128u << 20;

// Bytes already read, then the source they came from.
class PushedBack final : public ByteStream {
  public:
    PushedBack(std::vector<std::byte> front, std::unique_ptr<ByteStream> rest)
        : front_(std::move(front)), rest_(std::move(rest)) {}

    Result<std::size_t> read(MutableBytes into) override {
        if (taken_ == front_.size()) return rest_->read(into);
        const std::size_t length = std::min(into.size(), front_.size() - taken_);
        std::memcpy(into.data(), front_.data() + taken_, length);
        taken_ += length;
        return length;
    }

  private:
    std::vector<std::byte> front_;
    std::size_t taken_ = 0;
    std::unique_ptr<ByteStream> rest_;
};

enum class Progress { More, End, Damaged };

// One codec: takes bytes off the front of `in`, fills the front of `out`.
class Codec {
  public:
    Codec() = default;
    Codec(const Codec&) = delete;
    Codec& operator=(const Codec&) = delete;
    virtual ~Codec() = default;
    virtual Progress step(Bytes& in, MutableBytes& out) = 0;
};

class GzipCodec final : public Codec {
  public:
    GzipCodec() { inflateInit2(&stream_, 15 + 32); }
    ~GzipCodec() override { inflateEnd(&stream_); }

    Progress step(Bytes& in, MutableBytes& out) override {
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(in.data()));
        stream_.avail_in = static_cast<uInt>(in.size());
        stream_.next_out = reinterpret_cast<Bytef*>(out.data());
        stream_.avail_out = static_cast<uInt>(out.size());
        const int result = inflate(&stream_, Z_NO_FLUSH);
        in = in.last(stream_.avail_in);
        out = out.last(stream_.avail_out);
        if (result == Z_STREAM_END) {  // another member may follow
            inflateReset(&stream_);
            return Progress::End;
        }
        return result == Z_OK || result == Z_BUF_ERROR ? Progress::More : Progress::Damaged;
    }

  private:
    z_stream stream_{};
};

class XzCodec final : public Codec {
  public:
    XzCodec() { usable_ = lzma_stream_decoder(&stream_, max_codec_memory, LZMA_CONCATENATED) == LZMA_OK; }
    ~XzCodec() override { lzma_end(&stream_); }

    Progress step(Bytes& in, MutableBytes& out) override {
        if (!usable_) return Progress::Damaged;
        stream_.next_in = reinterpret_cast<const std::uint8_t*>(in.data());
        stream_.avail_in = in.size();
        stream_.next_out = reinterpret_cast<std::uint8_t*>(out.data());
        stream_.avail_out = out.size();
        const lzma_ret result = lzma_code(&stream_, in.empty() ? LZMA_FINISH : LZMA_RUN);
        in = in.last(stream_.avail_in);
        out = out.last(stream_.avail_out);
        if (result == LZMA_STREAM_END) return Progress::End;
        return result == LZMA_OK ? Progress::More : Progress::Damaged;
    }

  private:
    lzma_stream stream_ = LZMA_STREAM_INIT;
    bool usable_ = false;
};

class ZstdCodec final : public Codec {
  public:
    ZstdCodec() : stream_(ZSTD_createDStream()) {}
    ~ZstdCodec() override { ZSTD_freeDStream(stream_); }

    Progress step(Bytes& in, MutableBytes& out) override {
        ZSTD_inBuffer input{in.data(), in.size(), 0};
        ZSTD_outBuffer output{out.data(), out.size(), 0};
        const std::size_t result = ZSTD_decompressStream(stream_, &output, &input);
        in = in.subspan(input.pos);
        out = out.subspan(output.pos);
        if (ZSTD_isError(result)) return Progress::Damaged;
        return result == 0 ? Progress::End : Progress::More;
    }

  private:
    ZSTD_DStream* stream_;
};

class Lz4Codec final : public Codec {
  public:
    Lz4Codec() { LZ4F_createDecompressionContext(&context_, LZ4F_VERSION); }
    ~Lz4Codec() override { LZ4F_freeDecompressionContext(context_); }

    Progress step(Bytes& in, MutableBytes& out) override {
        std::size_t taken = in.size();
        std::size_t made = out.size();
        const std::size_t result = LZ4F_decompress(context_, out.data(), &made, in.data(), &taken, nullptr);
        in = in.subspan(taken);
        out = out.subspan(made);
        if (LZ4F_isError(result)) return Progress::Damaged;
        return result == 0 ? Progress::End : Progress::More;
    }

  private:
    LZ4F_dctx* context_ = nullptr;
};

class Decompressor final : public ByteStream {
  public:
    Decompressor(std::unique_ptr<ByteStream> source, std::unique_ptr<Codec> codec, std::string_view name)
        : source_(std::move(source)), codec_(std::move(codec)), name_(name), buffer_(chunk) {}

    Result<std::size_t> read(MutableBytes into) override {
        MutableBytes room = into;
        while (!into.empty() && room.size() == into.size() && !done_) {
            if (auto error = refill()) return fail(std::move(*error));
            if (!done_) unpack(room);
        }
        const std::size_t made = into.size() - room.size();
        // What came out before the damage is handed over first.
        if (made == 0 && std::exchange(damaged_, false)) {
            return fail(ErrorCode::Corrupt, "the " + std::string(name_) + " stream is damaged or ends early");
        }
        return made;
    }

  private:
    std::optional<Error> refill() {
        if (!waiting_.empty() || source_ended_) return std::nullopt;
        const auto got = source_->read(buffer_);
        if (!got) {
            done_ = true;
            return got.error();
        }
        waiting_ = Bytes(buffer_).first(*got);
        source_ended_ = *got == 0;
        if (source_ended_ && !in_stream_) done_ = true;
        return std::nullopt;
    }

    void unpack(MutableBytes& room) {
        const bool was_in_stream = in_stream_;
        const std::size_t in_before = waiting_.size();
        const std::size_t room_before = room.size();
        const Progress progress = codec_->step(waiting_, room);
        const bool stuck = waiting_.size() == in_before && room.size() == room_before;
        in_stream_ = progress == Progress::More;
        if (progress == Progress::Damaged || (stuck && source_ended_)) {
            done_ = true;
            damaged_ =
                was_in_stream && progress != Progress::End;  // padding behind the last stream is no damage
        } else if (progress == Progress::End && source_ended_ && waiting_.empty()) {
            done_ = true;
        }
    }

    std::unique_ptr<ByteStream> source_;
    std::unique_ptr<Codec> codec_;
    std::string_view name_;
    std::vector<std::byte> buffer_;
    Bytes waiting_;
    bool source_ended_ = false;
    bool in_stream_ = true;
    bool done_ = false;
    bool damaged_ = false;
};

std::vector<std::byte> read_front(ByteStream& source, std::size_t wanted) {
    std::vector<std::byte> front(wanted);
    std::size_t length = 0;
    while (length < wanted) {
        const auto got = source.read(MutableBytes(front).subspan(length));
        if (!got || *got == 0) break;
        length += *got;
    }
    front.resize(length);
    return front;
}

}  // namespace

std::unique_ptr<ByteStream> decompressed(std::unique_ptr<ByteStream> source) {
    std::vector<std::byte> front = read_front(*source, max_pstore_record);
    const std::string_view start = as_text(front);
    const bool is_whole = front.size() < max_pstore_record;
    std::unique_ptr<Codec> codec;
    std::string_view name;
    if (start.starts_with("\x1f\x8b")) {
        codec = std::make_unique<GzipCodec>(), name = "gzip";
    } else if (start.starts_with(std::string_view("\xfd\x37\x7a\x58\x5a\x00", 6))) {
        codec = std::make_unique<XzCodec>(), name = "xz";
    } else if (start.starts_with("\x28\xb5\x2f\xfd")) {
        codec = std::make_unique<ZstdCodec>(), name = "zstd";
    } else if (start.starts_with("\x04\x22\x4d\x18")) {
        codec = std::make_unique<Lz4Codec>(), name = "lz4";
    } else if (is_whole) {
        if (auto record = unpacked_pstore_record(front)) front = std::move(*record);
    }
    auto whole = std::make_unique<PushedBack>(std::move(front), std::move(source));
    if (!codec) return whole;
    return std::make_unique<Decompressor>(std::move(whole), std::move(codec), name);
}

}  // namespace postmortem
