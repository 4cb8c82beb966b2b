// A LiME image: each stretch of memory behind a header of its own.
#pragma once

#include "support/fake_dump.h"

namespace postmortem::test {

/// Frames that follow one another.
struct Stretch {
    std::uint64_t first_pfn = 0;
    Buffer bytes;
};

std::vector<Stretch> stretches_of(const FakeMemory& memory);
Buffer lime_header(const Stretch& stretch, std::uint32_t version = 1);
Buffer make_lime(const std::vector<Stretch>& stretches);

}  // namespace postmortem::test
