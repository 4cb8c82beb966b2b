// One sentence of what holds the machine up, or none, and what that rests on.
#pragma once

#include <optional>
#include <vector>

#include <postmortem/hang.h>

#include "report/hang/wait_trees.h"

namespace postmortem {

std::optional<HangVerdict> judge_hang(const HangReport& report, const std::vector<WaitTree>& trees);

/// HangReport::unexplained.
std::size_t count_unexplained(const std::vector<HangTask>& tasks);

}  // namespace postmortem
