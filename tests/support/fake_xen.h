// A core that Xen's toolstack wrote of a domain, by its dump-core-format.txt.
#pragma once

#include "support/fake_dump.h"

namespace postmortem::test {

struct XenShape {
    FakeMachine machine = fake_machines().front();
    bool paravirtual = false;
    std::uint32_t cpus = 2;
};

Buffer make_xen_core(const FakeMemory& memory, const XenShape& shape);

/// What the context of a made processor holds at `at`.
std::uint64_t xen_register(std::uint32_t cpu, std::size_t at);

}  // namespace postmortem::test
