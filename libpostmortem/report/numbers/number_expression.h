// crash's arithmetic on addresses: 64 bits, hexadecimal numbers that need not say so, k, m and g.
#pragma once

#include <cstdint>
#include <string_view>

#include "kernel/kernel.h"

namespace postmortem {

Result<std::uint64_t> evaluate_number_expression(const Kernel& kernel, std::string_view text);

}  // namespace postmortem
