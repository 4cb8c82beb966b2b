// The answer to `dev -p`: the PCI buses and what was on them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <postmortem/api.h>
#include <postmortem/error.h>
#include <postmortem/problem.h>

namespace postmortem {

class CrashDump;

struct PciDevice {
    std::uint64_t address = 0;     ///< of its pci_dev
    std::string name;              ///< "0000:00:01.1"; untrusted
    std::uint32_t class_code = 0;  ///< base class and subclass: 0x0101
    std::uint16_t vendor = 0, device = 0;
    std::string type;  ///< "ENDPOINT", "ROOT_PORT"
};

struct PciBus {
    std::uint64_t address = 0;  ///< of its pci_bus
    std::string name;           ///< "0000:00"; untrusted
    bool root = true;
    std::vector<PciDevice> devices;
};

struct PciBuses {
    std::vector<PciBus> buses;  ///< each root bus, then those below it
    Problems problems;
};

/// NotFound on a kernel without PCI.
POSTMORTEM_API Result<PciBuses> pci_buses(const CrashDump& dump);
POSTMORTEM_API std::string to_text(const PciBuses& buses);
POSTMORTEM_API std::string to_json(const PciBuses& buses);

}  // namespace postmortem
