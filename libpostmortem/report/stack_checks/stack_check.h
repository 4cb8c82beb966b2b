#pragma once

#include <postmortem/stack_checks.h>

#include "kernel/kernel.h"

namespace postmortem {

StackCheck check_stacks(const Kernel& kernel);

}  // namespace postmortem
