// s390 prints where a program goes on after an exception, which is not where it was.
#pragma once

#include <optional>
#include <string_view>

#include "log/events/report.h"

namespace postmortem {

/// Gives the lines that name the program status word, and the trace's first frame, which repeats it, the name
/// of the instruction that was given up: as far as the report tells of which function that is a part.
void name_instruction(Report& report);

/// s390 names no caller, but where the last branch was: where that led to no code, it is who sent the CPU there.
class LastBranch {
  public:
    void read(std::string_view line);
    /// Nothing where the CPU was in some function.
    std::optional<LogFrame> into_nowhere() const { return is_nowhere_ ? branch_ : std::nullopt; }

  private:
    bool is_nowhere_ = false, follows_ = false;
    std::optional<LogFrame> branch_;
};

}  // namespace postmortem
