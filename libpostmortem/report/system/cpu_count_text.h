// How crash counts CPUs.
#pragma once

#include <cstddef>
#include <string>

#include <fmt/format.h>

namespace postmortem {

/// "4", "4 [OFFLINE: 1]"
inline std::string cpu_count_text(std::size_t count, std::size_t online) {
    return online >= count ? fmt::format("{}", count)
                           : fmt::format("{} [OFFLINE: {}]", count, count - online);
}

}  // namespace postmortem
