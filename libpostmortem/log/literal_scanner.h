// Finds which of a few dozen literals a text holds, in one pass that skips most of the text (Wu-Manber): this
// is what decides, at more than a gigabyte per second, which lines of a log need a closer look.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace postmortem {

class LiteralScanner {
  public:
    /// At most 64 literals of at least 4 characters each; they must outlive the scanner.
    explicit LiteralScanner(std::vector<std::string_view> literals);

    /// Bit n is set where literal n occurs.
    std::uint64_t find(std::string_view text) const {
        std::uint64_t found = 0;
        const char* data = text.data();
        for (std::size_t at = window - 1; at < text.size();) {
            const std::size_t block = hash(data[at - 1], data[at]);
            const std::uint8_t shift = shifts_[block];
            if (shift != 0) {
                at += shift;
                continue;
            }
            found |= verify(text, at + 1 - window, block);
            ++at;
        }
        return found;
    }

  private:
    static constexpr std::size_t window = 4;

    static std::size_t hash(char first, char second) {
        return (static_cast<unsigned char>(first) * 31u + static_cast<unsigned char>(second) * 257u) & 4095u;
    }
    std::uint64_t verify(std::string_view text, std::size_t at, std::size_t block) const;

    std::vector<std::string_view> literals_;
    std::array<std::uint8_t, 4096> shifts_;
    std::array<std::uint64_t, 4096> buckets_{};
};

}  // namespace postmortem
