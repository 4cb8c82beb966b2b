// One small dump of every format, machine and codec: to be cut, mutated and fuzzed.
#pragma once

#include <string>
#include <vector>

#include "support/fake_dump.h"

namespace postmortem::test {

struct SampleDump {
    std::string name;
    Buffer file;
};

/// All of them hold `memory`, and tell what was left out from what there never was.
std::vector<SampleDump> sample_dumps(const FakeMemory& memory);

/// Of the formats that tell less: LiME, LKCD, SADUMP, QEMU, libvirt, Xen.
std::vector<SampleDump> bare_sample_dumps(const FakeMemory& memory);

/// Of those that store memory as it lies, with zeros where `memory` has nothing: s390, VMware.
std::vector<SampleDump> flat_sample_dumps(const FakeMemory& memory);

}  // namespace postmortem::test
