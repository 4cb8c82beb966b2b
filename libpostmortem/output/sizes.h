// Sizes for people, and bars that show shares of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace postmortem {

/// "0", "812K", "118.9M", "3.2G": four digits at most.
std::string human_size(std::uint64_t bytes);

/// A machine's memory as crash has it, "4 GB" or "511.5 MB": firmware keeps a little for itself, so a size
/// within 64 MiB below a whole GiB is meant to be that.
std::string machine_size(std::uint64_t bytes);

/// "60824 kB" up to 10 MiB, "1536 MiB" up to 10 GiB, "31.2 GiB" above.
std::string size_text(std::uint64_t kib);
/// "12 %", "0.4 %"; "? %" of a whole of 0.
std::string percent_text(std::uint64_t part, std::uint64_t whole);

/// A share of the whole, 0 to 1, as a bar of `width` columns (blocks of eighths, filled up with blanks).
std::string bar(double share, std::size_t width);

}  // namespace postmortem
