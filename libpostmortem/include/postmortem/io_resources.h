// The answer to `dev -i`: who has which I/O ports and which physical addresses, as /proc/ioports and /proc/iomem
// tell it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <postmortem/api.h>
#include <postmortem/problem.h>

namespace postmortem {

class CrashDump;

struct IoResource {
    std::uint64_t address = 0;         ///< of its struct resource
    std::uint64_t start = 0, end = 0;  ///< the last one included
    std::string name;                  ///< untrusted text: escape before printing; empty: it has none
    std::uint32_t depth = 0;           ///< 0: all that there are; what has more lies within what stands before it
};

struct IoResources {
    std::uint8_t address_digits = 16;
    std::vector<IoResource> ports;   ///< empty on machines without
    std::vector<IoResource> memory;  ///< physical addresses
    Problems problems;
};

POSTMORTEM_API IoResources io_resources(const CrashDump& dump);
POSTMORTEM_API std::string to_text(const IoResources& resources);
POSTMORTEM_API std::string to_json(const IoResources& resources);

}  // namespace postmortem
