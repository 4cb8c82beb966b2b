// What kept walks from being sure: a line for each reason, with the number of tasks, not one for each task.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>

#include "base/problem_collector.h"
#include "kernel/sched/tasks.h"
#include "kernel/unwind/frame_walker.h"

namespace postmortem {

class WalkProblems {
  public:
    void add(const Task& task, const RawBacktrace& walk);

    /// Hands everything over.
    void tell(ProblemCollector& problems);

  private:
    struct Reason {
        Error error;
        std::string first;  ///< "pid 33 (sshd)"
        std::size_t tasks = 0;
    };
    using Key = std::pair<std::string, std::uint64_t>;  // what, and in which page

    std::map<Key, Reason> guessed_;
    ProblemCollector lost_;
};

}  // namespace postmortem
