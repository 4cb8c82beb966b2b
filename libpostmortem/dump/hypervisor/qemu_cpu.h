// The processors of a saved QEMU machine.
#pragma once

#include "dump/hypervisor/qemu_stream.h"
#include "dump/hypervisor/virtual_cpu.h"

namespace postmortem {

/// In order; empty where the stream does not reach them.
std::vector<VirtualCpu> read_qemu_cpus(const ByteSource& source, std::uint64_t devices_at);

}  // namespace postmortem
