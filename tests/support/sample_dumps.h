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

/// All of them hold `memory`.
std::vector<SampleDump> sample_dumps(const FakeMemory& memory);

}  // namespace postmortem::test
