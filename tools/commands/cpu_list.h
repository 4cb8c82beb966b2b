// CPUs as they are named on a command line.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace tool {

/// "3", "1,8,9-14"; "a" or "all" is every CPU, which is an empty list. Nothing where it is none of these.
std::optional<std::vector<std::uint32_t>> cpus_of(std::string_view words);

}  // namespace tool
