// Finds which of a few dozen literals a text holds, in one pass that skips most of the text (Wu-Manber): this
// is what decides, at more than a gigabyte per second, which lines of a log need a closer look.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace postmortem {

class LiteralScanner {
  public:
    static constexpr std::size_t max_literals = 128;
    using Found = std::bitset<max_literals>;

    /// At most max_literals literals of at least 4 characters each; they must outlive the scanner.
    explicit LiteralScanner(std::vector<std::string_view> literals);

    /// Bit n is set where literal n occurs.
    Found find(std::string_view text) const {
        Found found;
        const char* data = text.data();
        for (std::size_t at = window - 1; at < text.size();) {
            const std::uint8_t step = steps_[pair(data + at - 1)];
            if (step < first_bucket) {
                at += step;
                continue;
            }
            verify(text, at + 1 - window, buckets_[step - first_bucket], found);
            ++at;
        }
        return found;
    }

  private:
    static constexpr std::size_t window = 4;
    static constexpr std::uint8_t first_bucket = window;

    struct Candidate {
        std::uint32_t window;  // the literal's rarest four characters
        std::uint8_t offset;   // where they stand in it
        std::uint8_t index;
    };

    static std::size_t rarest_window(std::string_view literal);
    static std::uint32_t window_at(const char* at) {
        std::uint32_t value;
        std::memcpy(&value, at, sizeof value);
        return value;
    }
    static std::uint16_t pair(const char* at) {
        std::uint16_t value;
        std::memcpy(&value, at, sizeof value);
        return value;
    }
    void verify(std::string_view text, std::size_t at, const std::vector<Candidate>& candidates,
                Found& found) const;

    std::vector<std::string_view> literals_;
    /// For each pair of characters at the window's end: how far to move, or the bucket of the literals that
    /// have it.
    std::array<std::uint8_t, 65536> steps_;
    std::vector<std::vector<Candidate>> buckets_;
};

}  // namespace postmortem
