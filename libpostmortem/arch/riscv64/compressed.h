// Instructions of two bytes, each of which stands for one of four.
#pragma once

#include <cstdint>

namespace postmortem::riscv64 {

/// The instruction of four bytes that does the same; 0 where there is none.
std::uint32_t expanded(std::uint32_t compressed);

}  // namespace postmortem::riscv64
