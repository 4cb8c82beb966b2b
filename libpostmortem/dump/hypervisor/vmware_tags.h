// The groups of a VMware machine state, and the tagged values in them.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "dump/byte_source.h"

namespace postmortem {

/// A value with a name: up to eight bytes as they are, or a block somewhere in the file.
struct VmwareTag {
    std::string group, name;
    std::array<std::uint32_t, 3> index{};  ///< 0 where it has none
    std::uint64_t value = 0;               ///< of a small one
    bool is_block = false, is_compressed = false;
    std::uint64_t at = 0, bytes = 0;  ///< where its bytes lie
};

/// Those of the groups "memory" and "cpu". Errors: Corrupt.
Result<std::vector<VmwareTag>> read_vmware_tags(const ByteSource& source, std::vector<Error>& problems);

}  // namespace postmortem
