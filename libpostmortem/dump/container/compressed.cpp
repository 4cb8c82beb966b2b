#include "dump/container/compressed.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <mutex>

#include <fmt/format.h>
#include <libdeflate.h>

#include "dump/container/block_index.h"
#include "dump/container/temporary_file.h"
#include "dump/container/unpacker.h"

namespace postmortem {
namespace {

SourceOrigin origin_of_unpacked(const ByteSource& outer, StreamFormat format, std::vector<Error> problems) {
    SourceOrigin origin = outer.origin();
    origin.wrapping += fmt::format("{}-compressed ", to_string(format));
    origin.problems.insert(origin.problems.end(), problems.begin(), problems.end());
    return origin;
}

// Unpacked from end to end into a temporary file.
class UnpackedSource final : public ByteSource {
  public:
    UnpackedSource(SourceOrigin origin, TemporaryFile file)
        : ByteSource(std::move(origin)), file_(std::move(file)) {}

    std::uint64_t size() const override { return file_.size(); }
    std::optional<Bytes> view(std::uint64_t offset, std::uint64_t length) const override {
        return file_.view(offset, length);
    }
    std::optional<Bytes> read(std::uint64_t offset, std::uint64_t length,
                              MutableBytes scratch) const override {
        if (const auto in_place = view(offset, length)) return in_place;
        if (length > scratch.size() || !file_.copy_at(offset, scratch.first(length))) return std::nullopt;
        return scratch.first(length);
    }
    std::uint64_t end_of_hole(std::uint64_t offset) const override { return file_.end_of_hole(offset); }

  private:
    TemporaryFile file_;
};

// Unpacked block by block, as far as it is read. Blocks for which the temporary file has no room are unpacked
// again and again.
class BlockSource final : public ByteSource {
  public:
    BlockSource(SourceOrigin origin, std::unique_ptr<ByteSource> outer, BlockIndex index, TemporaryFile file)
        : ByteSource(std::move(origin)),
          outer_(std::move(outer)),
          index_(std::move(index)),
          states_(std::make_unique<std::atomic<State>[]>(index_.blocks.size())),
          file_(std::move(file)) {}

    std::uint64_t size() const override { return file_.size(); }
    std::optional<Bytes> view(std::uint64_t offset, std::uint64_t length) const override {
        if (!spans(offset, length)) return std::nullopt;
        for (std::size_t block = first_block(offset); is_wanted(block, offset + length); ++block)
            if (state_of(block) != There) return std::nullopt;
        return file_.view(offset, length);
    }
    std::optional<Bytes> read(std::uint64_t offset, std::uint64_t length,
                              MutableBytes scratch) const override {
        if (const auto in_place = view(offset, length)) return in_place;
        if (length > scratch.size() || !spans(offset, length)) return std::nullopt;
        const std::uint64_t end = offset + length;
        for (std::size_t block = first_block(offset); is_wanted(block, end); ++block) {
            const CompressedBlock& b = index_.blocks[block];
            const std::uint64_t from = std::max(offset, b.begin), to = std::min(end, b.begin + b.size);
            if (!copy_of(block, from, scratch.subspan(from - offset, to - from))) return std::nullopt;
        }
        return scratch.first(length);
    }

  private:
    enum State : std::uint8_t { NotYet, There, NoRoom, Damaged };
    static constexpr std::size_t none = ~std::size_t{0};

    std::size_t first_block(std::uint64_t offset) const {
        const auto block =
            std::upper_bound(index_.blocks.begin(), index_.blocks.end(), offset,
                             [](std::uint64_t o, const CompressedBlock& b) { return o < b.begin + b.size; });
        return static_cast<std::size_t>(block - index_.blocks.begin());
    }
    bool is_wanted(std::size_t block, std::uint64_t end) const {
        return block < index_.blocks.size() && index_.blocks[block].begin < end;
    }

    State state_of(std::size_t block) const {
        std::atomic<State>& state = states_[block];
        if (state.load(std::memory_order_acquire) == NotYet) {
            // One at a time: threads that read the same dump mostly want the same block.
            const std::lock_guard lock(unpacking_);
            if (state.load(std::memory_order_relaxed) == NotYet)
                state.store(store(block), std::memory_order_release);
        }
        return state.load(std::memory_order_acquire);
    }

    State store(std::size_t block) const {
        if (!unpack(block)) return Damaged;
        return file_.write_at(index_.blocks[block].begin, unpacked_) ? There : NoRoom;
    }

    bool copy_of(std::size_t block, std::uint64_t offset, MutableBytes out) const {
        const State state = state_of(block);
        if (state == There) return file_.copy_at(offset, out);
        if (state == Damaged) return false;
        const std::lock_guard lock(unpacking_);
        if (!unpack(block)) return false;
        std::memcpy(out.data(), unpacked_.data() + (offset - index_.blocks[block].begin), out.size());
        return true;
    }

    bool unpack(std::size_t block) const {
        if (unpacked_block_ == block) return true;
        unpacked_block_ = none;
        const CompressedBlock& wanted = index_.blocks[block];
        packed_.resize(wanted.packed);
        unpacked_.resize(wanted.size);
        const auto packed = outer_->read(wanted.at, wanted.packed, packed_);
        if (!packed || !unpack_block(index_.format, wanted, *packed, unpacked_)) return false;
        unpacked_block_ = block;
        return true;
    }

    std::unique_ptr<ByteSource> outer_;
    BlockIndex index_;
    std::unique_ptr<std::atomic<State>[]> states_;
    mutable TemporaryFile file_;
    mutable std::mutex unpacking_;
    mutable ByteBuffer packed_, unpacked_;
    mutable std::size_t unpacked_block_ = none;
};

// Unpacked from its beginning, as far as it is read: for whoever wants to know what it is, and is alone.
class FrontSource final : public ByteSource {
  public:
    FrontSource(SourceOrigin origin, std::unique_ptr<ByteSource> outer, StreamFormat format,
                std::uint64_t size)
        : ByteSource(std::move(origin)),
          outer_(std::move(outer)),
          unpacker_(*outer_, format, piece),
          size_(size) {}

    std::uint64_t size() const override { return size_; }
    std::optional<Bytes> view(std::uint64_t, std::uint64_t) const override { return std::nullopt; }
    std::optional<Bytes> read(std::uint64_t offset, std::uint64_t length,
                              MutableBytes scratch) const override {
        if (length > scratch.size() || offset > max_front || length > max_front - offset) return std::nullopt;
        while (front_.size() < offset + length) {
            const Bytes more = unpacker_.next();
            if (more.empty()) return std::nullopt;
            front_.insert(front_.end(), more.begin(), more.end());
        }
        std::copy_n(front_.begin() + static_cast<std::ptrdiff_t>(offset), length, scratch.begin());
        return scratch.first(length);
    }

  private:
    static constexpr std::size_t piece = 16 * 1024;
    static constexpr std::uint64_t max_front = 16 << 20;

    std::unique_ptr<ByteSource> outer_;
    mutable Unpacker unpacker_;
    mutable ByteBuffer front_;
    std::uint64_t size_;
};

// What kind of file it is, also behind frames that zstd and lz4 skip, each for the other's as for its own.
std::optional<StreamFormat> format_of(const ByteSource& file) {
    constexpr int most_frames = 1000;
    std::array<std::byte, 16> scratch;
    std::uint64_t at = 0;
    std::optional<StreamFormat> format;
    for (int i = 0; i < most_frames; ++i) {
        const Bytes head = file.read_what_is_there(at, scratch.size(), scratch);
        if (const auto here = stream_format(head)) format = here;
        const std::uint64_t skipped = skippable_frame_size(head);
        if (skipped == 0 || skipped > file.size() - at) break;
        at += skipped;
    }
    return format;
}

std::vector<Error> problems_of(const Unpacker& unpacker, StreamFormat format, std::uint64_t size,
                               std::uint64_t packed) {
    if (unpacker.end() == Unpacker::End::CutOff)
        return {{ErrorCode::PageMissing,
                 fmt::format("the {} file is cut off: {} bytes could be unpacked from its {}",
                             to_string(format), size, packed)}};
    if (unpacker.end() == Unpacker::End::Damaged)
        return {{ErrorCode::Doubtful,
                 fmt::format("the {} file is damaged: {} bytes could be unpacked from its {}, and any of "
                             "them may be wrong; copy it again",
                             to_string(format), size, packed)}};
    if (const std::uint64_t behind = unpacker.left_behind(); behind != 0)
        return {{ErrorCode::PageMissing,
                 fmt::format("behind the end of what is {0}-compressed lie {1} bytes, from byte {2} on, that "
                             "are not; they were not read",
                             to_string(format), behind, packed - behind)}};
    return {};
}

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
    // When the head is used up, what a decoder can make of the beginning of a block comes.
    while (!room.empty()) {
        const std::size_t before = head.size() + room.size();
        if (decoder->step(head, room) == StreamProgress::Damaged || head.size() + room.size() == before)
            break;
    }
    decoded.resize(wanted - room.size());
    return decoded;
}

Result<std::unique_ptr<ByteSource>> unpack_stream(std::unique_ptr<ByteSource> outer, StreamFormat format,
                                                  const OpenContext& context,
                                                  std::optional<std::uint32_t> crc) {
    auto file = TemporaryFile::create(context.space);
    if (!file) return fail(file.error());
    Unpacker unpacker(*outer, format);
    std::uint64_t size = 0;
    std::uint32_t own_crc = libdeflate_crc32(0, nullptr, 0);
    for (Bytes piece = unpacker.next(); !piece.empty(); piece = unpacker.next()) {
        if (auto written = file->write_at(size, piece); !written) return fail(written.error());
        if (crc) own_crc = libdeflate_crc32(own_crc, piece.data(), piece.size());
        size += piece.size();
        if (context.options.progress) context.options.progress(unpacker.taken(), outer->size());
    }
    if (size == 0)
        return fail(ErrorCode::Corrupt,
                    fmt::format("not a crash dump: it is compressed with {}, and nothing in it "
                                "can be unpacked; copy it again",
                                to_string(format)));
    if (auto mapped = file->map(size); !mapped) return fail(mapped.error());
    std::vector<Error> problems = problems_of(unpacker, format, size, outer->size());
    if (problems.empty() && crc && crc != own_crc)
        problems.emplace_back(
            ErrorCode::Doubtful,
            fmt::format("the checksum in the zip archive is not that of the {} bytes that were "
                        "unpacked, so any of them may be wrong; copy it again",
                        size));
    SourceOrigin origin = origin_of_unpacked(*outer, format, std::move(problems));
    return std::make_unique<UnpackedSource>(std::move(origin), std::move(*file));
}

std::unique_ptr<ByteSource> unpack_front(std::unique_ptr<ByteSource> outer, StreamFormat format,
                                         std::uint64_t size) {
    SourceOrigin origin = origin_of_unpacked(*outer, format, {});
    return std::make_unique<FrontSource>(std::move(origin), std::move(outer), format, size);
}

Result<std::unique_ptr<ByteSource>> open_compressed(std::unique_ptr<ByteSource> outer,
                                                    const OpenContext& context) {
    const auto format = format_of(*outer);
    if (!format) return fail(ErrorCode::Corrupt, "the head of the compressed file cannot be read");
    auto index = find_block_index(*outer);
    if (!index) return unpack_stream(std::move(outer), *format, context);
    auto file = TemporaryFile::create(context.space);
    if (!file) return fail(file.error());
    if (auto mapped = file->map(index->size()); !mapped) return fail(mapped.error());
    SourceOrigin origin = origin_of_unpacked(*outer, *format, {});
    return std::make_unique<BlockSource>(std::move(origin), std::move(outer), std::move(*index),
                                         std::move(*file));
}

}  // namespace postmortem
