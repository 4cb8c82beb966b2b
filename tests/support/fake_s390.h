// An s390 standalone dump, written as the headers of s390-tools lay it out.
#pragma once

#include "support/fake_dump.h"

namespace postmortem::test {

struct S390Shape {
    bool extended = false, several_volumes = false, compressed = false, with_end = true;
    std::vector<std::uint32_t> prefixes = {};  ///< of the CPUs; 3 are said to be there
};

/// Of the plain form `memory` must have no holes.
Buffer make_s390(const FakeMemory& memory, const S390Shape& shape);

}  // namespace postmortem::test
