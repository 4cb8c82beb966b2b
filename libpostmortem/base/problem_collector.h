// Gathers what went wrong while an answer is made. A cause that repeats a thousand times is told a few times
// and then counted, so that the answer is not buried under its problems.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <postmortem/problem.h>

namespace postmortem {

class ProblemCollector {
  public:
    /// `kind` groups ("the struct pid"); `detail` tells the one ("of pid 33"), and may be empty.
    void add(std::string_view kind, std::string_view detail, const Error& error);
    void add(std::string_view kind, const Error& error) { add(kind, {}, error); }
    void add(Error error) { problems_.push_back(std::move(error)); }
    void add_all(const Problems& problems) {
        problems_.insert(problems_.end(), problems.begin(), problems.end());
    }

    bool empty() const { return problems_.empty(); }

    /// Hands over everything, each once, the counts of what was held back last.
    Problems take();

  private:
    Problems problems_;
    std::map<std::pair<std::string, ErrorCode>, std::size_t, std::less<>> counts_;
};

}  // namespace postmortem
