// Reports are partial by design: what could not be had is listed beside what could.
#pragma once

#include <vector>

#include <postmortem/error.h>

namespace postmortem {

/// What is missing from an answer, one entry per cause. Empty means that the answer is whole.
using Problems = std::vector<Error>;

}  // namespace postmortem
