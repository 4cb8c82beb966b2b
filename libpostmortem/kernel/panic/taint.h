// What makes a kernel's word less trustworthy: its taint mask (kernel/panic.c).
#pragma once

#include <cstdint>
#include <vector>

#include <postmortem/system_info.h>

#include "kernel/kernel.h"

namespace postmortem {

/// tainted_mask: bit N is taint flag N.
Result<std::uint64_t> read_taint_mask(const Kernel& kernel);

/// The mask's bits in words, lowest first.
std::vector<TaintFlag> decode_taints(std::uint64_t mask);

}  // namespace postmortem
