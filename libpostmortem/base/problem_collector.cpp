#include "base/problem_collector.h"

#include <optional>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include <fmt/format.h>

namespace postmortem {
namespace {

constexpr std::size_t told_in_full = 3;

// Two readers may have missed the same thing.
Problems without_repetitions(Problems problems) {
    std::set<std::tuple<ErrorCode, std::string_view, std::optional<std::uint64_t>>> told;
    Problems distinct;
    distinct.reserve(problems.size());
    for (const Error& problem : problems)
        if (told.emplace(problem.code, problem.message, problem.address).second) distinct.push_back(problem);
    return distinct;
}

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
    return without_repetitions(std::exchange(problems_, {}));
}

}  // namespace postmortem
