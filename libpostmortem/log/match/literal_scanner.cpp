#include "log/match/literal_scanner.h"

#include <algorithm>
#include <bit>

namespace postmortem {

LiteralScanner::LiteralScanner(std::vector<std::string_view> literals) : literals_(std::move(literals)) {
    steps_.fill(window - 1);
    for (std::size_t i = 0; i < literals_.size() && i < max_literals; ++i) {
        for (std::size_t at = 1; at + 1 < window; ++at) {
            std::uint8_t& step = steps_[pair(literals_[i].data() + at - 1)];
            if (step < first_bucket) step = std::min(step, static_cast<std::uint8_t>(window - 1 - at));
        }
        std::uint8_t& last = steps_[pair(literals_[i].data() + window - 2)];
        if (last < first_bucket) {
            last = static_cast<std::uint8_t>(first_bucket + buckets_.size());
            buckets_.push_back(0);
        }
        buckets_[last - first_bucket] |= std::uint64_t{1} << i;
    }
}

std::uint64_t LiteralScanner::verify(std::string_view text, std::size_t at, std::uint64_t candidates) const {
    std::uint64_t found = 0;
    for (; candidates != 0; candidates &= candidates - 1) {
        const auto i = static_cast<std::size_t>(std::countr_zero(candidates));
        if (text.substr(at).starts_with(literals_[i])) found |= std::uint64_t{1} << i;
    }
    return found;
}

}  // namespace postmortem
