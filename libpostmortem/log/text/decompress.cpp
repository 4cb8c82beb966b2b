#include "log/text/decompress.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "base/stream_decoder.h"
#include "log/text/encoding.h"
#include "log/text/pstore.h"

namespace postmortem {
namespace {

constexpr std::size_t chunk = 128 * 1024;

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

class Decompressor final : public ByteStream {
  public:
    Decompressor(std::unique_ptr<ByteStream> source, StreamFormat format)
        : source_(std::move(source)),
          decoder_(make_stream_decoder(format)),
          name_(to_string(format)),
          buffer_(chunk) {}

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
        const StreamProgress progress = decoder_->step(waiting_, room);
        const bool stuck = waiting_.size() == in_before && room.size() == room_before;
        in_stream_ = progress == StreamProgress::More;
        if (progress == StreamProgress::Damaged || (stuck && source_ended_)) {
            done_ = true;
            damaged_ = was_in_stream &&
                       progress != StreamProgress::End;  // padding behind the last stream is no damage
        } else if (progress == StreamProgress::End && source_ended_ && waiting_.empty()) {
            done_ = true;
        }
    }

    std::unique_ptr<ByteStream> source_;
    std::unique_ptr<StreamDecoder> decoder_;
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
    const bool is_whole = front.size() < max_pstore_record;
    const auto format = stream_format(front);
    if (!format && is_whole) {
        if (auto record = unpacked_pstore_record(front)) front = std::move(*record);
    }
    auto whole = std::make_unique<PushedBack>(std::move(front), std::move(source));
    if (!format) return as_utf8(std::move(whole));
    return as_utf8(std::make_unique<Decompressor>(std::move(whole), *format));
}

}  // namespace postmortem
