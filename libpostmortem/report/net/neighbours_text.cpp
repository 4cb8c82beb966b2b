// `net -a` as crash prints it.
#include <algorithm>

#include <fmt/format.h>

#include <postmortem/neighbours.h>

#include "base/text.h"

namespace postmortem {

std::string to_text(const NeighbourList& list) {
    if (list.neighbours.empty()) return {};
    const bool narrow = list.neighbours.front().address >> 32 == 0;
    const std::size_t width = narrow ? 10 : 16;
    const auto line = [&](std::string_view address, std::string_view ip, std::string_view type,
                          std::string_view hardware, std::string_view device, std::string_view state) {
        return fmt::format("{:<{}} {:<15} {:<10} {:<18} {:<7} {}\n", address, width, ip, type, hardware, device, state);
    };
    std::string out = line("NEIGHBOUR", "IP ADDRESS", "HW TYPE", "HW ADDRESS", "DEVICE", "STATE");
    for (const Neighbour& one : list.neighbours)
        out += line(fmt::format("{:x}", one.address), one.ip, one.hardware_type, one.hardware_address,
                    escaped(one.device), one.state);
    return out;
}

}  // namespace postmortem
