#include <postmortem/pci_devices.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {

void describe(Describer<PciDevice>& device) {
    device.add("address", &PciDevice::address, "its pci_dev").address();
    device.add("name", &PciDevice::name, "domain, bus, slot and function").or_null();
    device.add("class_code", &PciDevice::class_code, "base class and subclass");
    device.add("vendor", &PciDevice::vendor, "its vendor's number");
    device.add("device", &PciDevice::device, "its own number");
    device.add("type", &PciDevice::type, "of PCI Express: `ENDPOINT`, `ROOT_PORT`, …");
}

void describe(Describer<PciBus>& bus) {
    bus.add("address", &PciBus::address, "its pci_bus").address();
    bus.add("name", &PciBus::name, "domain and number").or_null();
    bus.add("root", &PciBus::root, "it hangs below no other bus");
    bus.add("devices", &PciBus::devices, "on it");
}

void describe(Describer<PciBuses>& buses) {
    buses.is_document();
    buses.add("buses", &PciBuses::buses, "each root bus, then those below it").answer();
    add_problems(buses);
}

std::string to_json(const PciBuses& buses) {
    return json_document(buses);
}

}  // namespace postmortem
