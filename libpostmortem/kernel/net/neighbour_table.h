// Neighbours by IPv4: struct neigh_table arp_tbl (include/net/neighbour.h, net/ipv4/arp.c).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <postmortem/problem.h>

#include "kernel/kernel.h"

namespace postmortem {

struct NeighbourState {
    std::uint64_t address = 0;  ///< struct neighbour
    std::array<std::byte, 4> ip{};
    std::vector<std::byte> hardware_address;
    std::uint64_t hardware_type = 0;  ///< ARPHRD_*, of the device
    std::string device;
    std::uint64_t state = 0;  ///< NUD_*
};

struct NeighbourTable {
    std::vector<NeighbourState> neighbours;  ///< bucket by bucket
    Problems problems;
};

/// NotFound where there is no such table.
Result<NeighbourTable> read_neighbours(const Kernel& kernel);

}  // namespace postmortem
