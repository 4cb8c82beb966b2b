// Which of a trace's functions to blame.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "log/events/event_rule.h"
#include "log/events/naming.h"

namespace postmortem {

struct Guilty {
    std::size_t index = 0;
    std::string function;  ///< as a title has it: without the wrappers of system calls
};

/// Nothing where no candidate will do.
std::optional<Guilty> choose_guilty(std::span<const Candidate> candidates, Choice choice);

/// Functions that hand work out: a frame above one of them entered the code in question.
bool is_dispatcher(std::string_view function);

}  // namespace postmortem
