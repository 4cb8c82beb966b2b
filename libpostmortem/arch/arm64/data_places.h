// Which data the instructions of a function touch.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"

namespace postmortem::arm64 {

/// As CodeFacts::data_places. An address that a branch leads round, or that is computed from what memory
/// holds, is passed over.
std::vector<std::uint64_t> data_places(Bytes code, std::uint64_t start);

}  // namespace postmortem::arm64
