// Every way of writing a kdump-compressed dump: versions, signatures, codecs, machines, flat or not, whole or
// split.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "support/fake_dump.h"

namespace postmortem::test {

struct KdumpWay {
    KdumpShape shape;
    bool flat = false;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> parts = {};  ///< page frames; empty: in one file

    std::string name() const;
};

/// Of a memory of more than 7 page frames. Codecs that cannot be packed here are left out.
std::vector<KdumpWay> kdump_matrix(const FakeMemory& memory);

/// The file, or its parts.
std::vector<Buffer> write_kdump_way(const FakeMemory& memory, KdumpWay way);

}  // namespace postmortem::test
