#include "log/oom/oom_anchors.h"

#include <algorithm>
#include <cstring>

namespace postmortem::oom {
namespace {

std::size_t pair_at(const char* at) {
    return static_cast<std::size_t>(static_cast<unsigned char>(at[0])) << 8 |
           static_cast<unsigned char>(at[1]);
}

// A word is as long as a register.
std::uint64_t number_at(const char* at) {
    std::uint64_t number;
    std::memcpy(&number, at, sizeof number);
    return number;
}

}  // namespace

const Anchors& Anchors::get() {
    static const Anchors anchors;
    return anchors;
}

Anchors::Anchors() {
    // A pair of bytes that no word holds lets the window move on past it; one that a word holds, up to there.
    shift_.fill(length - 1);
    std::transform(words.begin(), words.end(), numbers_.begin(),
                   [](std::string_view word) { return number_at(word.data()); });
    for (const std::string_view word : words) {
        for (std::size_t i = 0; i + 2 <= length; ++i) {
            std::uint8_t& shift = shift_[pair_at(word.data() + i)];
            shift = std::min(shift, static_cast<std::uint8_t>(length - 2 - i));
        }
    }
}

std::size_t Anchors::find(std::string_view text) const {
    if (text.size() < length) return std::string_view::npos;
    const char* const begin = text.data();
    const char* const last = begin + text.size() - length;
    for (const char* window = begin; window <= last;) {
        const std::uint8_t shift = shift_[pair_at(window + length - 2)];
        if (shift != 0) {
            window += shift;
            continue;
        }
        const std::uint64_t here = number_at(window);
        if (std::find(numbers_.begin(), numbers_.end(), here) != numbers_.end())
            return static_cast<std::size_t>(window - begin);
        ++window;
    }
    return std::string_view::npos;
}

}  // namespace postmortem::oom
