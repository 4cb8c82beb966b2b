#include "log/match/literal_scanner.h"

#include <algorithm>

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
            buckets_.emplace_back();
        }
        buckets_[last - first_bucket].push_back(static_cast<std::uint8_t>(i));
    }
}

void LiteralScanner::verify(std::string_view text, const std::vector<std::uint8_t>& candidates,
                            Found& found) const {
    for (const std::uint8_t i : candidates) {
        if (text.starts_with(literals_[i])) found.set(i);
    }
}

}  // namespace postmortem
