// The atomic instructions of ARMv8.1, which Capstone 4 does not know and kernels are full of.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace postmortem::arm64 {

/// Nothing where `word` is none of them.
std::optional<std::string> atomic_text(std::uint32_t word);

}  // namespace postmortem::arm64
