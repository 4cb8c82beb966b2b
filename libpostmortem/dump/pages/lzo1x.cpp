#include "dump/pages/lzo1x.h"

#include <cstring>

namespace postmortem {
namespace {

// Copies are made in pieces of this size wherever both buffers have room for one more than is needed.
constexpr std::size_t piece = 16;
constexpr std::size_t most_short_literals = 3;

// Distances at which the ranges of the instructions with an extra bit of distance begin.
constexpr std::size_t far_match = 16 * 1024, second_kilobyte = 2 * 1024;

class Decoder {
  public:
    Decoder(Bytes packed, MutableBytes out)
        : in_(packed.data()),
          in_end_(in_ + packed.size()),
          start_(out.data()),
          out_(start_),
          out_end_(out_ + out.size()) {}

    bool run() {
        std::size_t literals = 0;
        if (in_ == in_end_) return false;
        if (const unsigned first = peek(); first > 17) {
            ++in_;
            literals = first - 17;
            if (!copy_literals(literals)) return false;
        }
        for (;;) {
            if (in_ == in_end_) return false;
            const unsigned code = byte();
            if (code < 16 && literals == 0) {
                literals = code != 0 ? code + 3 : long_length(15) + 3;
                if (literals == 3 || !copy_literals(literals)) return false;
                continue;
            }
            std::size_t length, distance;
            if (code >= 32) {
                // Both kinds at once: which it is cannot be foreseen, and the wrong guess costs more.
                if (in_left() < 2) return false;
                const std::size_t word = load<std::uint16_t>(in_, Endian::Little);
                const bool near = code >= 64;
                length = near ? code >> 5 : code & 31;
                distance = near ? (code >> 2 & 7) + ((word & 0xff) << 3) : word >> 2;
                literals = (near ? code : word) & 3;
                if (length == 0) {
                    if ((length = long_length(31)) == 0 || in_left() < 2) return false;
                    const std::size_t later = load<std::uint16_t>(in_, Endian::Little);
                    literals = later & 3;
                    distance = later >> 2;
                }
                length += near ? 1 : 2;
                distance += 1;
                in_ += near ? 1 : 2;
            } else if (code >= 16) {
                length = code & 7;
                if (length == 0 && (length = long_length(7)) == 0) return false;
                length += 2;
                if (in_left() < 2) return false;
                const std::size_t word = load<std::uint16_t>(in_, Endian::Little);
                in_ += 2;
                literals = word & 3;
                distance = far_match + ((code & 8) << 11) + (word >> 2);
                if (distance == far_match) return in_ == in_end_ && out_ == out_end_;
            } else {
                if (in_ == in_end_) return false;
                const bool after_run = literals > most_short_literals;
                length = after_run ? 3 : 2;
                distance = (code >> 2) + (byte() << 2) + 1 + (after_run ? second_kilobyte : 0);
                literals = code & 3;
            }
            if (!copy_match(distance, length) || !copy_short_literals(literals)) return false;
        }
    }

  private:
    unsigned peek() const { return std::to_integer<unsigned>(*in_); }
    unsigned byte() { return std::to_integer<unsigned>(*in_++); }
    std::size_t in_left() const { return static_cast<std::size_t>(in_end_ - in_); }
    std::size_t out_left() const { return static_cast<std::size_t>(out_end_ - out_); }

    /// A length that did not fit into its instruction: zero bytes count `255` each, on top of `base`. 0 where
    /// the data ends or no output could be so long.
    std::size_t long_length(std::size_t base) {
        for (std::size_t length = base; in_ != in_end_ && length <= base + out_left(); length += 255)
            if (const unsigned last = byte(); last != 0) return length + last;
        return 0;
    }

    bool copy_literals(std::size_t count) {
        if (count > in_left() || count > out_left()) return false;
        std::byte* const end = out_ + count;
        if (in_left() - count >= piece && out_left() - count >= piece) {
            const std::byte* from = in_;
            for (std::byte* to = out_; to < end; to += piece, from += piece) std::memcpy(to, from, piece);
        } else {
            std::memcpy(out_, in_, count);
        }
        in_ += count;
        out_ = end;
        return true;
    }

    bool copy_short_literals(std::size_t count) {
        if (in_left() >= 4 && out_left() >= 4) {
            std::memcpy(out_, in_, 4);
        } else {
            if (count > in_left() || count > out_left()) return false;
            for (std::size_t i = 0; i < count; ++i) out_[i] = in_[i];
        }
        in_ += count;
        out_ += count;
        return true;
    }

    // Source and target may overlap: what was just written is then repeated.
    bool copy_match(std::size_t distance, std::size_t length) {
        if (distance > static_cast<std::size_t>(out_ - start_) || length > out_left()) return false;
        const std::byte* from = out_ - distance;
        std::byte* const end = out_ + length;
        if (out_left() - length < piece) {
            for (std::byte* to = out_; to < end; ++to, ++from) *to = *from;
        } else if (distance >= piece) {
            for (std::byte* to = out_; to < end; to += piece, from += piece) std::memcpy(to, from, piece);
        } else if (distance > 8) {
            for (std::byte* to = out_; to < end; to += 8, from += 8) std::memcpy(to, from, 8);
        } else {
            repeat(from, distance, end);
        }
        out_ = end;
        return true;
    }

    /// Fills the output up to `end`, and up to 8 bytes more, with the `period` bytes at `from` over and over.
    void repeat(const std::byte* from, std::size_t period, std::byte* end) {
        static constexpr std::uint64_t copies[9] = {0,
                                                    0x0101010101010101,
                                                    0x0001000100010001,
                                                    0x0001000001000001,
                                                    0x0000000100000001,
                                                    0x0000010000000001,
                                                    0x0001000000000001,
                                                    0x0100000000000001,
                                                    1};
        static constexpr unsigned char whole[9] = {0, 8, 8, 6, 8, 5, 6, 7, 8};
        // What lies behind the period is of no account.
        const std::uint64_t once = load<std::uint64_t>(from, Endian::Little) & (~0ull >> (64 - 8 * period));
        const std::uint64_t pattern = once * copies[period];
        for (std::byte* to = out_; to < end; to += whole[period]) store(to, pattern, Endian::Little);
    }

    const std::byte* in_;
    const std::byte* in_end_;
    std::byte* start_;
    std::byte* out_;
    std::byte* out_end_;
};

}  // namespace

bool decompress_lzo1x(Bytes packed, MutableBytes out) {
    return Decoder(packed, out).run();
}

}  // namespace postmortem
