#include "base/lz4_block.h"

#include <algorithm>
#include <optional>

namespace postmortem {
namespace {

constexpr std::size_t least_match = 4;

class FrontUnpacker {
  public:
    FrontUnpacker(Bytes block, Bytes history, MutableBytes out)
        : rest_(block), history_(history), out_(out) {}

    std::size_t unpack() {
        while (!rest_.empty() && sequence()) {
        }
        return made_;
    }

  private:
    // Literals, and a match with what was made before. False where the block or the room ends within.
    bool sequence() {
        const auto token = std::to_integer<unsigned>(next());
        const auto literals = length(token >> 4);
        if (!literals || !copy_literals(*literals) || rest_.size() < 2) return false;
        const std::size_t distance = load<std::uint16_t>(rest_.data(), Endian::Little);
        rest_ = rest_.subspan(2);
        const auto match = length(token & 15);
        return match && distance != 0 && distance <= made_ + history_.size() &&
               copy_match(distance, *match + least_match);
    }

    std::byte next() {
        const std::byte first = rest_.front();
        rest_ = rest_.subspan(1);
        return first;
    }

    std::optional<std::size_t> length(std::size_t so_far) {
        if (so_far != 15) return so_far;
        while (!rest_.empty()) {
            const auto more = std::to_integer<unsigned>(next());
            so_far += more;
            if (more != 255) return so_far;
        }
        return std::nullopt;
    }

    bool copy_literals(std::size_t count) {
        const std::size_t there = std::min({count, rest_.size(), out_.size() - made_});
        std::copy_n(rest_.begin(), there, out_.begin() + static_cast<std::ptrdiff_t>(made_));
        rest_ = rest_.subspan(there);
        made_ += there;
        return there == count;
    }

    // Byte for byte: a match may overlap what it makes.
    bool copy_match(std::size_t distance, std::size_t count) {
        const std::size_t end = std::min(count, out_.size() - made_) + made_;
        const bool has_room = end - made_ == count;
        for (; made_ < end; ++made_)
            out_[made_] =
                distance <= made_ ? out_[made_ - distance] : history_[history_.size() - (distance - made_)];
        return has_room;
    }

    Bytes rest_, history_;
    MutableBytes out_;
    std::size_t made_ = 0;
};

}  // namespace

std::size_t unpack_lz4_front(Bytes block, Bytes history, MutableBytes out) {
    return FrontUnpacker(block, history, out).unpack();
}

}  // namespace postmortem
