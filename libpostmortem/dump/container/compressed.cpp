#include "dump/container/compressed.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <mutex>

#include <fmt/format.h>

#include "dump/container/block_index.h"
#include "dump/container/temporary_file.h"

namespace postmortem {
namespace {

constexpr std::size_t chunk = 1 << 20;

SourceOrigin origin_of_unpacked(const ByteSource& outer, StreamFormat format, std::vector<Error> problems) {
    SourceOrigin origin = outer.origin();
    origin.wrapping += fmt::format("{}-compressed ", to_string(format));
    origin.problems.insert(origin.problems.end(), problems.begin(), problems.end());
    return origin;
}

// Unpacked from end to end into a temporary file.
class UnpackedSource final : public ByteSource {
  public:
    UnpackedSource(SourceOrigin origin, TemporaryFile file, Bytes bytes)
        : ByteSource(std::move(origin)), file_(std::move(file)), bytes_(bytes) {}

    std::uint64_t size() const override { return bytes_.size(); }
    std::optional<Bytes> view(std::uint64_t offset, std::uint64_t length) const override {
        return ByteReader(bytes_).slice(offset, length);
    }
    std::optional<Bytes> read(std::uint64_t offset, std::uint64_t length, MutableBytes) const override {
        return view(offset, length);
    }
    std::uint64_t end_of_hole(std::uint64_t offset) const override { return file_.end_of_hole(offset); }

  private:
    TemporaryFile file_;
    Bytes bytes_;
};

// Unpacked block by block, as far as it is read.
class BlockSource final : public ByteSource {
  public:
    BlockSource(SourceOrigin origin, std::unique_ptr<ByteSource> outer, BlockIndex index, TemporaryFile file,
                Bytes bytes)
        : ByteSource(std::move(origin)),
          outer_(std::move(outer)),
          index_(std::move(index)),
          states_(std::make_unique<std::atomic<State>[]>(index_.blocks.size())),
          file_(std::move(file)),
          bytes_(bytes) {}

    std::uint64_t size() const override { return bytes_.size(); }
    std::optional<Bytes> view(std::uint64_t offset, std::uint64_t length) const override {
        const auto wanted = ByteReader(bytes_).slice(offset, length);
        if (!wanted || length == 0) return wanted;
        auto block =
            std::upper_bound(index_.blocks.begin(), index_.blocks.end(), offset,
                             [](std::uint64_t o, const CompressedBlock& b) { return o < b.begin + b.size; });
        for (; block != index_.blocks.end() && block->begin < offset + length; ++block) {
            if (!is_there(static_cast<std::size_t>(block - index_.blocks.begin()))) return std::nullopt;
        }
        return wanted;
    }
    std::optional<Bytes> read(std::uint64_t offset, std::uint64_t length, MutableBytes) const override {
        return view(offset, length);
    }

  private:
    enum State : std::uint8_t { NotYet, There, Damaged };

    bool is_there(std::size_t number) const {
        std::atomic<State>& state = states_[number];
        if (state.load(std::memory_order_acquire) == NotYet) {
            // One at a time: threads that read the same dump mostly want the same block.
            const std::lock_guard lock(unpacking_);
            if (state.load(std::memory_order_relaxed) == NotYet)
                state.store(unpack(index_.blocks[number]) ? There : Damaged, std::memory_order_release);
        }
        return state.load(std::memory_order_acquire) == There;
    }

    bool unpack(const CompressedBlock& block) const {
        packed_.resize(block.packed);
        unpacked_.resize(block.size);
        const auto packed = outer_->read(block.at, block.packed, packed_);
        return packed && unpack_block(index_.format, block, *packed, unpacked_) &&
               file_.write_at(block.begin, unpacked_).has_value();
    }

    std::unique_ptr<ByteSource> outer_;
    BlockIndex index_;
    std::unique_ptr<std::atomic<State>[]> states_;
    mutable TemporaryFile file_;
    Bytes bytes_;
    mutable std::mutex unpacking_;
    mutable ByteBuffer packed_, unpacked_;
};

// Feeds a decoder from a source, and gives away what it makes piece by piece.
class Unpacker {
  public:
    Unpacker(const ByteSource& source, StreamFormat format)
        : source_(source), decoder_(make_stream_decoder(format)), in_(chunk), out_(chunk) {}

    /// The next bytes; none at the end, or where the stream is damaged.
    Bytes next() {
        MutableBytes room = out_;
        while (!done_ && !room.empty()) step(room);
        return Bytes(out_).first(out_.size() - room.size());
    }
    std::uint64_t taken() const { return at_ - waiting_.size(); }
    bool ended_well() const { return !damaged_; }

  private:
    void step(MutableBytes& room) {
        if (waiting_.empty() && at_ < source_.size()) refill();
        if (between_streams_ && waiting_.empty()) {
            done_ = true;
            return;
        }
        const std::size_t in_before = waiting_.size(), room_before = room.size();
        const StreamProgress progress = decoder_->step(waiting_, room);
        const bool stuck = waiting_.size() == in_before && room.size() == room_before;
        if (progress == StreamProgress::Damaged ||
            (stuck && progress == StreamProgress::More && waiting_.empty())) {
            done_ = true;
            damaged_ = !between_streams_;  // what follows the last stream may be padding
        } else if (stuck && progress == StreamProgress::More && ++idle_ > 2) {
            done_ = damaged_ = true;
        }
        if (!stuck) idle_ = 0;
        between_streams_ = progress == StreamProgress::End;
    }

    void refill() {
        const std::uint64_t length = std::min<std::uint64_t>(in_.size(), source_.size() - at_);
        waiting_ = source_.read(at_, length, in_).value_or(Bytes{});
        at_ = waiting_.empty() ? source_.size() : at_ + length;
    }

    const ByteSource& source_;
    std::unique_ptr<StreamDecoder> decoder_;
    ByteBuffer in_, out_;
    Bytes waiting_;
    std::uint64_t at_ = 0;
    int idle_ = 0;
    bool done_ = false, damaged_ = false, between_streams_ = false;
};

}  // namespace

bool looks_like_compressed(Bytes head) {
    return stream_format(head).has_value();
}

std::vector<std::byte> decoded_head(Bytes head, std::size_t wanted) {
    std::vector<std::byte> decoded(wanted);
    const auto format = stream_format(head);
    if (!format) return {};
    const auto decoder = make_stream_decoder(*format);
    MutableBytes room = decoded;
    while (!head.empty() && !room.empty()) {
        const std::size_t before = head.size() + room.size();
        if (decoder->step(head, room) == StreamProgress::Damaged || head.size() + room.size() == before)
            break;
    }
    decoded.resize(wanted - room.size());
    return decoded;
}

Result<std::unique_ptr<ByteSource>> unpack_stream(std::unique_ptr<ByteSource> outer, StreamFormat format,
                                                  const OpenContext& context) {
    auto file = TemporaryFile::create(context.options.temporary_folder, context.options.max_temporary_bytes);
    if (!file) return fail(file.error());
    Unpacker unpacker(*outer, format);
    std::uint64_t size = 0;
    for (Bytes piece = unpacker.next(); !piece.empty(); piece = unpacker.next()) {
        if (auto written = file->write_at(size, piece); !written) return fail(written.error());
        size += piece.size();
        if (context.options.progress) context.options.progress(unpacker.taken(), outer->size());
    }
    std::vector<Error> problems;
    if (!unpacker.ended_well())
        problems.emplace_back(
            ErrorCode::PageMissing,
            fmt::format("the {} file is damaged or cut off: {} bytes could be unpacked from its {}",
                        to_string(format), size, outer->size()));
    if (size == 0)
        return fail(ErrorCode::Corrupt,
                    fmt::format("not a crash dump: it is compressed with {}, and nothing in it "
                                "can be unpacked; copy it again",
                                to_string(format)));
    const auto bytes = file->map(size);
    if (!bytes) return fail(bytes.error());
    return std::make_unique<UnpackedSource>(origin_of_unpacked(*outer, format, std::move(problems)),
                                            std::move(*file), *bytes);
}

Result<std::unique_ptr<ByteSource>> open_compressed(std::unique_ptr<ByteSource> outer,
                                                    const OpenContext& context) {
    std::array<std::byte, 16> scratch;
    const auto head = outer->read(0, std::min<std::uint64_t>(outer->size(), scratch.size()), scratch);
    const auto format = stream_format(head.value_or(Bytes{}));
    if (!format) return fail(ErrorCode::Corrupt, "the head of the compressed file cannot be read");
    auto index = find_block_index(*outer);
    if (!index) return unpack_stream(std::move(outer), *format, context);
    auto file = TemporaryFile::create(context.options.temporary_folder, context.options.max_temporary_bytes);
    if (!file) return fail(file.error());
    const auto bytes = file->map(index->size());
    if (!bytes) return fail(bytes.error());
    SourceOrigin origin = origin_of_unpacked(*outer, *format, {});
    return std::make_unique<BlockSource>(std::move(origin), std::move(outer), std::move(*index),
                                         std::move(*file), *bytes);
}

}  // namespace postmortem
