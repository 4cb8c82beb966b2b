// What a QEMU machine type says of the machine: its processor, and at which addresses its RAM lies.
#pragma once

#include "dump/hypervisor/qemu_stream.h"

namespace postmortem {

/// Addresses [begin, end) are the pages from `first_page` on.
struct QemuMemoryRange {
    std::uint64_t begin = 0, end = 0;
    std::uint64_t first_page = 0;
};

struct QemuMachine {
    std::uint16_t elf_machine = 0;
    Endian endian = Endian::Little;
    std::vector<QemuMemoryRange> memory;  ///< ascending
    std::vector<std::string> left_out;    ///< blocks of RAM whose addresses are not known
};

/// Errors: Unsupported, for a machine type that is not known; Corrupt.
Result<QemuMachine> qemu_machine_of(const QemuStream& stream);

}  // namespace postmortem
