// Whom the kernel knew on its networks by IPv4: the table of ARP, which `net -a` prints.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <postmortem/crash_dump.h>
#include <postmortem/problem.h>

namespace postmortem {

struct Neighbour {
    std::uint64_t address = 0;     ///< of its struct neighbour
    std::string ip;                ///< "10.0.2.2"
    std::string hardware_type;     ///< ETHER, …, UNKNOWN: of the device
    std::string hardware_address;  ///< "52:55:0a:00:02:02"; bytes with blanks between them where it is no Ethernet
    std::string device;            ///< untrusted text: escape before printing
    std::string state;             ///< REACHABLE, STALE, NOARP, …, or the number
};

struct NeighbourList {
    std::vector<Neighbour> neighbours;  ///< in the order of the table
    Problems problems;
};

/// Of all network namespaces. NotFound where the kernel has no such table.
POSTMORTEM_API Result<NeighbourList> neighbours(const CrashDump& dump);
POSTMORTEM_API std::string to_text(const NeighbourList& list);
POSTMORTEM_API std::string to_json(const NeighbourList& list);
POSTMORTEM_API std::string to_ndjson(const NeighbourList& list);

}  // namespace postmortem
