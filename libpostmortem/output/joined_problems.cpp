// Without types a dozen things are missing, all of them for one reason, which is long: it is told once.
#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include <postmortem/render.h>

namespace postmortem {
namespace {

/// "what: why"; either may hold a colon of its own.
struct SplitProblem {
    std::string_view what, why;
};

bool may_be_joined(const Error& problem) {
    return problem.code == ErrorCode::MissingDebugInfo && !problem.address;
}

// The longest cause comes first.
std::vector<SplitProblem> ways_to_split(std::string_view message) {
    constexpr std::string_view colon = ": ";
    std::vector<SplitProblem> ways{{{}, message}};
    for (std::size_t at = message.find(colon); at != message.npos; at = message.find(colon, at + 1)) {
        const std::string_view why = message.substr(at + colon.size());
        if (!why.starts_with("the same for ")) ways.push_back({message.substr(0, at), why});
    }
    return ways;
}

class ProblemJoiner {
  public:
    explicit ProblemJoiner(const Problems& problems) {
        for (const Error& problem : problems)
            if (may_be_joined(problem) && different_.insert(problem.message).second)
                for (const SplitProblem& way : ways_to_split(problem.message)) ++times_[way.why];
    }

    void add(const Error& problem) {
        if (!may_be_joined(problem)) return joined_.push_back(problem);
        const SplitProblem split = split_at_shared(problem.message);
        const auto [known, is_new] = place_of_.try_emplace(split.why, joined_.size());
        if (is_new) joined_.emplace_back(problem.code, std::string());
        auto& all = lacking_[known->second];
        if (!split.what.empty() && std::find(all.begin(), all.end(), split.what) == all.end())
            all.push_back(split.what);
    }

    Problems finish() {
        for (const auto& [why, place] : place_of_) {
            std::string& message = joined_[place].message;
            for (const std::string_view what : lacking_[place])
                message.append(message.empty() ? "" : ", ").append(what);
            message.append(message.empty() ? "" : ": ").append(why);
        }
        return std::move(joined_);
    }

  private:
    SplitProblem split_at_shared(std::string_view message) const {
        for (const SplitProblem& way : ways_to_split(message))
            if (times_.at(way.why) > 1) return way;
        return {{}, message};
    }

    std::set<std::string_view> different_;
    std::map<std::string_view, std::size_t> times_;     ///< how many different ones have that reason
    std::map<std::string_view, std::size_t> place_of_;  ///< in joined_, of those that are told once
    std::map<std::size_t, std::vector<std::string_view>> lacking_;
    Problems joined_;
};

}  // namespace

Problems joined_by_cause(const Problems& problems) {
    ProblemJoiner joiner(problems);
    for (const Error& problem : problems) joiner.add(problem);
    return joiner.finish();
}

}  // namespace postmortem
