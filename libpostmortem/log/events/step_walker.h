// Follows a rule's steps down a report and gathers the functions they pass.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "log/events/guilty.h"

namespace postmortem {

/// The function at the start of `text`: "f.isra.0+0x1/0x2 [m]".
Candidate candidate_at(std::string_view text);

class StepWalker {
  public:
    StepWalker(const std::vector<std::string_view>& lines, const NameSet& skip)
        : lines_(lines), skip_(skip) {}

    /// Fills `found`; false where a stack has no function to blame or is mixed up with another.
    bool walk(const std::vector<CompiledStep>& steps, Choice choice);

    /// What came of each "@stack".
    struct Found {
        std::vector<Candidate> candidates;
        std::optional<Guilty> guilty;
    };
    std::vector<Found> found;

  private:
    bool read_stack(const CompiledStep* following, bool& took_following);
    bool find_step(const CompiledStep& step);
    bool take_step(const CompiledStep& step, std::string_view line);
    bool take_place(std::string_view line);
    void add_arm_frame(std::string_view line);
    void add(Candidate candidate);
    void close_stack(Choice choice);

    const std::vector<std::string_view>& lines_;
    const NameSet& skip_;
    std::size_t next_ = 0;
    std::vector<Candidate> candidates_;
};

}  // namespace postmortem
