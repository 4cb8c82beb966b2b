// printk's buffer in whatever form this kernel has it (kernel/printk/). VMCOREINFO alone tells where it is
// and how it is laid out, so that the log of a dump costs a few pages, and no symbol table and no types.
#pragma once

#include <postmortem/kernel_log.h>

#include "dump/vmcoreinfo.h"
#include "memory/address_space.h"

namespace postmortem {

/// Every record that can be read, oldest first. What cannot is counted in `problems`, one entry per cause.
KernelLog read_printk(const AddressSpace& memory, const VmcoreInfo& info);

}  // namespace postmortem
