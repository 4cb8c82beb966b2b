// SADUMP, written as the headers of crash and makedumpfile lay it out.
#pragma once

#include "support/fake_dump.h"

namespace postmortem::test {

struct SadumpShape {
    std::uint32_t version = 1;
    std::uint32_t disks = 0;  // 0: one partition
    bool media = false;
    std::uint64_t set = 0x5e7;
};

/// One file, or one for each disk: the pages go on from one to the next.
std::vector<Buffer> make_sadump(const FakeMemory& memory, const SadumpShape& shape);

}  // namespace postmortem::test
