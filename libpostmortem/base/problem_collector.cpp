#include "base/problem_collector.h"

#include <fmt/format.h>

namespace postmortem {
namespace {

constexpr std::size_t told_in_full = 3;

}  // namespace

void ProblemCollector::add(std::string_view kind, std::string_view detail, const Error& error) {
    if (++counts_[{std::string(kind), error.code}] > told_in_full) return;
    problems_.emplace_back(error.code,
                           fmt::format("{}{}{}: {}", kind, detail.empty() ? "" : " ", detail, error.message),
                           error.address);
}

Problems ProblemCollector::take() {
    for (const auto& [key, count] : counts_)
        if (count > told_in_full)
            problems_.emplace_back(key.second,
                                   fmt::format("{}: the same for {} more", key.first, count - told_in_full));
    counts_.clear();
    return std::exchange(problems_, {});
}

}  // namespace postmortem
