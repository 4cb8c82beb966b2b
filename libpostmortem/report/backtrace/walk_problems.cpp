#include "report/backtrace/walk_problems.h"

#include <fmt/format.h>

namespace postmortem {
namespace {

constexpr std::uint64_t page_bytes = 4096;
constexpr std::size_t most_reasons = 10;

std::string name_of(const Task& task) {
    return fmt::format("pid {} ({})", task.pid, task.comm);
}

}  // namespace

void WalkProblems::add(const Task& task, const RawBacktrace& walk) {
    if (walk.lost) lost_.add("the backtrace", "of " + name_of(task), *walk.lost);
    if (!walk.guessed) return;
    // Where the tables are damaged the page_bytes counts; where they have nothing to say, each place is
    // another one.
    const bool by_page =
        walk.guessed->code != ErrorCode::NotFound && walk.guessed->code != ErrorCode::Corrupt;
    const Key key{walk.guessed->message, by_page ? walk.guessed->address.value_or(0) / page_bytes : 0};
    Reason& reason = guessed_[key];
    if (reason.tasks++ != 0) return;
    reason.error = *walk.guessed;
    reason.first = name_of(task);
}

void WalkProblems::tell(ProblemCollector& problems) {
    problems.add_all(lost_.take());
    std::size_t told = 0, tasks = 0;
    for (auto& [key, reason] : guessed_) {
        if (++told > most_reasons) {
            tasks += reason.tasks;
            continue;
        }
        const std::string whose = reason.tasks == 1 ? "the backtrace of " + reason.first
                                                    : fmt::format("the backtraces of {} tasks ({} first)",
                                                                  reason.tasks, reason.first);
        problems.add({reason.error.code,
                      fmt::format("{} {} on by guesses (marked ?): {}", whose,
                                  reason.tasks == 1 ? "goes" : "go", reason.error.message),
                      reason.error.address});
    }
    if (told > most_reasons)
        problems.add({ErrorCode::Corrupt,
                      fmt::format("the backtraces of {} more tasks go on by guesses, for {} more reasons",
                                  tasks, told - most_reasons)});
    guessed_.clear();
}

}  // namespace postmortem
