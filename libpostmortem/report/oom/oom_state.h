// Makes the memory side of the answer to `oom`.
#pragma once

#include <postmortem/oom_state.h>

#include "kernel/kernel.h"

namespace postmortem {

OomState make_oom_state(const Kernel& kernel);

/// The verdict on a state whose other parts are filled in.
void explain_oom_state(OomState& state);

}  // namespace postmortem
