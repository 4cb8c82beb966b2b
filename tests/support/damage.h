// What happens to a file on its way: the same damage for the same seed.
#pragma once

#include <cstddef>
#include <random>
#include <string>

namespace postmortem::test {

/// Sixteen bytes each at so many places, behind what a dump's format keeps about the file itself.
inline std::string hurt(std::string bytes, unsigned seed, std::size_t places = 40) {
    constexpr std::size_t width = 16, first = 200'000;
    std::mt19937 random(seed);
    for (std::size_t i = 0; i < places; ++i) {
        const std::size_t at = first + random() % (bytes.size() - first - width);
        for (std::size_t k = 0; k < width; ++k) bytes[at + k] = static_cast<char>(random());
    }
    return bytes;
}

}  // namespace postmortem::test
