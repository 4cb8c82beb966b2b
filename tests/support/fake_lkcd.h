// An LKCD dump, written as its published headers lay it out.
#pragma once

#include "support/fake_dump.h"

namespace postmortem::test {

enum class LkcdPacking : std::uint32_t { None, RunLength, Zlib };

struct LkcdShape {
    FakeMachine machine = fake_machines().front();
    std::uint32_t version = 8;
    LkcdPacking packing = LkcdPacking::Zlib;
    bool with_end = true;
};

Buffer make_lkcd(const FakeMemory& memory, const LkcdShape& shape);

}  // namespace postmortem::test
