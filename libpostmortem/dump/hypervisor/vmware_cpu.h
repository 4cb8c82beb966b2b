// The processors of a VMware machine state.
#pragma once

#include "dump/hypervisor/virtual_cpu.h"
#include "dump/hypervisor/vmware_tags.h"

namespace postmortem {

std::vector<VirtualCpu> read_vmware_cpus(const ByteSource& source, const std::vector<VmwareTag>& tags);

}  // namespace postmortem
