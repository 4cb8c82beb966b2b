// `dev -p` as crash prints it.
#include <fmt/format.h>

#include <postmortem/pci_devices.h>

#include "base/text.h"

namespace postmortem {
namespace {

std::string name_or_dash(const std::string& name) {
    return name.empty() ? "-" : escaped(name);
}

}  // namespace

std::string to_text(const PciBuses& buses) {
    std::string out;
    if (buses.buses.empty() && buses.problems.empty()) out += "    ROOT BUS     BUSNAME\n  (none)\n";
    for (const PciBus& bus : buses.buses) {
        out += bus.root
                   ? fmt::format("    ROOT BUS     BUSNAME\n{:16x} {}\n", bus.address, name_or_dash(bus.name))
                   : fmt::format("  PCI BUS {:16x} {}\n", bus.address, name_or_dash(bus.name));
        if (bus.devices.empty()) continue;
        out += "      PCI DEV      DO:BU:SL.FN  CLASS   PCI_ID      TYPE   \n";
        for (const PciDevice& device : bus.devices)
            out += fmt::format("  {:16x} {:<12}  {:04x}  {:04x}:{:04x}  {:<9}\n", device.address,
                               name_or_dash(device.name), device.class_code, device.vendor, device.device,
                               device.type);
        out += '\n';
    }
    return out;
}

}  // namespace postmortem
