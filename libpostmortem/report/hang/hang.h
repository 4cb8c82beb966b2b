// Makes the answer to `hang`.
#pragma once

#include <postmortem/hang.h>

#include "kernel/kernel.h"

namespace postmortem {

HangReport make_hang_report(const Kernel& kernel);

}  // namespace postmortem
