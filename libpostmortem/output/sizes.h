// Sizes for people, and bars that show shares of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace postmortem {

/// "0", "812K", "118.9M", "3.2G": four digits at most.
std::string human_size(std::uint64_t bytes);

/// A share of the whole, 0 to 1, as a bar of `width` columns (blocks of eighths, filled up with blanks).
std::string bar(double share, std::size_t width);

}  // namespace postmortem
