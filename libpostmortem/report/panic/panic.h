// Makes the answer to `panic`.
#pragma once

#include <postmortem/panic.h>

#include "kernel/kernel.h"

namespace postmortem {

PanicAnalysis make_panic_analysis(const Kernel& kernel);

/// The part that its log gives; far cheaper, since it needs neither symbols nor types.
PanicAnalysis make_signature(const Kernel& kernel);

}  // namespace postmortem
