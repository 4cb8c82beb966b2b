// Makes the memory side of the answer to `oom`.
#pragma once

#include <postmortem/oom_state.h>

#include "kernel/kernel.h"

namespace postmortem {

OomState make_oom_state(const Kernel& kernel);

}  // namespace postmortem
