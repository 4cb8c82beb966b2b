// A VMware machine state, written as what VMware gave to crash describes it.
#pragma once

#include "support/fake_dump.h"

namespace postmortem::test {

struct VmwareShape {
    std::uint32_t magic = 0xbed2bed2;
    bool memory_within = true, compressed = false;
    bool registers_in_blocks = false;
    std::uint32_t cpus = 2;
    std::uint64_t hole_at = 0, hole = 0;  // frames; where the second region begins, and what lies before it
};

Buffer make_vmware(const FakeMemory& memory, const VmwareShape& shape);

/// The memory that lies beside a state, frames that are not there as zeros.
Buffer flat_memory(const FakeMemory& memory);

/// Register `number` of a made processor: rax, rcx, … as in machine code, 16 the next instruction.
std::uint64_t vmware_register(std::uint32_t cpu, std::size_t number);

}  // namespace postmortem::test
