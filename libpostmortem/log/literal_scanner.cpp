#include "log/literal_scanner.h"

#include <algorithm>
#include <bit>

namespace postmortem {

LiteralScanner::LiteralScanner(std::vector<std::string_view> literals) : literals_(std::move(literals)) {
    shifts_.fill(window - 1);
    for (std::size_t i = 0; i < literals_.size() && i < 64; ++i) {
        for (std::size_t at = 1; at < window && at < literals_[i].size(); ++at) {
            const std::size_t block = hash(literals_[i][at - 1], literals_[i][at]);
            const std::size_t shift = window - 1 - at;
            shifts_[block] = std::min(shifts_[block], static_cast<std::uint8_t>(shift));
            if (shift == 0) buckets_[block] |= std::uint64_t{1} << i;
        }
    }
}

std::uint64_t LiteralScanner::verify(std::string_view text, std::size_t at, std::size_t block) const {
    std::uint64_t found = 0;
    for (std::uint64_t candidates = buckets_[block]; candidates != 0; candidates &= candidates - 1) {
        const auto i = static_cast<std::size_t>(std::countr_zero(candidates));
        if (text.substr(at).starts_with(literals_[i])) found |= std::uint64_t{1} << i;
    }
    return found;
}

}  // namespace postmortem
