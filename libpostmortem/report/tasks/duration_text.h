// Times as crash writes them.
#pragma once

#include <cstdint>
#include <string>

namespace postmortem {

/// "0 00:00:01.234": days and the rest, cut to milliseconds.
std::string days_and_time(std::uint64_t ns);

}  // namespace postmortem
