#include "log/match/literal_scanner.h"

#include <algorithm>

namespace postmortem {
namespace {

// How seldom a character stands in a kernel's log, roughly.
int rarity(char c) {
    constexpr std::string_view commonest = " 0etaf1", common = "23456789bcdsrinol[].x+/<>_:";
    if (commonest.find(c) != std::string_view::npos) return 0;
    if (common.find(c) != std::string_view::npos) return 1;
    return c >= 'a' && c <= 'z' ? 2 : 4;
}

}  // namespace

LiteralScanner::LiteralScanner(std::vector<std::string_view> literals) : literals_(std::move(literals)) {
    steps_.fill(window - 1);
    for (std::size_t i = 0; i < literals_.size() && i < max_literals; ++i) {
        const std::size_t offset = rarest_window(literals_[i]);
        const char* const begin = literals_[i].data() + offset;
        for (std::size_t at = 1; at + 1 < window; ++at) {
            std::uint8_t& step = steps_[pair(begin + at - 1)];
            if (step < first_bucket) step = std::min(step, static_cast<std::uint8_t>(window - 1 - at));
        }
        std::uint8_t& last = steps_[pair(begin + window - 2)];
        if (last < first_bucket) {
            last = static_cast<std::uint8_t>(first_bucket + buckets_.size());
            buckets_.emplace_back();
        }
        buckets_[last - first_bucket].push_back(
            {window_at(begin), static_cast<std::uint8_t>(offset), static_cast<std::uint8_t>(i)});
    }
}

// Every window that looks like one costs a closer look, so the pair at its end counts twice.
std::size_t LiteralScanner::rarest_window(std::string_view literal) {
    constexpr std::size_t farthest = 64;
    std::size_t best = 0;
    int best_score = -1;
    for (std::size_t at = 0; at + window <= literal.size() && at < farthest; ++at) {
        const int score = rarity(literal[at]) + rarity(literal[at + 1]) + 2 * rarity(literal[at + 2]) +
                          2 * rarity(literal[at + 3]);
        if (score > best_score) best = at, best_score = score;
    }
    return best;
}

void LiteralScanner::verify(std::string_view text, std::size_t at, const std::vector<Candidate>& candidates,
                            Found& found) const {
    const std::uint32_t here = window_at(text.data() + at);
    for (const Candidate& candidate : candidates) {
        if (candidate.window != here || candidate.offset > at) continue;
        if (text.substr(at - candidate.offset).starts_with(literals_[candidate.index]))
            found.set(candidate.index);
    }
}

}  // namespace postmortem
