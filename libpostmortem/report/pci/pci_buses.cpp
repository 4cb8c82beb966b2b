#include <array>

#include <fmt/format.h>

#include <postmortem/crash_dump.h>
#include <postmortem/pci_devices.h>

#include "base/problem_collector.h"
#include "kernel/kernel.h"
#include "kernel/lists.h"

namespace postmortem {
namespace {

constexpr std::size_t most_buses = 4096, most_devices = 1u << 16, longest_pci_name = 64;
constexpr unsigned deepest_bus = 64;

// PCI_EXP_FLAGS_TYPE (include/uapi/linux/pci_regs.h), by crash's names.
std::string type_name(std::uint64_t capability, const Result<std::uint64_t>& flags) {
    constexpr std::array<const char*, 11> names = {"ENDPOINT",    "LEG_END",  "?",          "?",
                                                   "ROOT_PORT",   "UPSTREAM", "DOWNSTREAM", "PCI_BRIDGE",
                                                   "PCIE_BRIDGE", "ROOT_END", "ROOT_EC"};
    if (capability == 0) return names[0];  // no PCI Express
    if (!flags) return "?";                // older kernels keep it elsewhere
    const std::uint64_t type = *flags >> 4 & 0xf;
    return type < names.size() ? names[type] : "?";
}

/// include/linux/pci.h: buses hang together by their `node`, devices by `bus_list`.
class PciReader {
  public:
    explicit PciReader(const Kernel& kernel) : kernel_(kernel) {}

    Result<PciBuses> read() {
        const auto roots = kernel_.symbol("pci_root_buses");
        if (!roots) return fail(roots.error());
        read_buses(*roots, 0);
        made_.problems = problems_.take();
        return std::move(made_);
    }

  private:
    void read_buses(std::uint64_t head, unsigned depth) {
        const auto offset = kernel_.types().offset_of("pci_bus", "node");
        if (!offset) return problems_.add("the PCI buses", offset.error());
        const auto done = for_each_list_node(
            kernel_.memory(), head,
            [&](std::uint64_t node) {
                read_bus(kernel_.object("pci_bus", node - *offset), depth);
                return made_.buses.size() < most_buses;
            },
            most_buses);
        if (!done) problems_.add("the PCI buses", done.error());
    }

    void read_bus(const Object& bus, unsigned depth) {
        PciBus made{bus.address(), name_of(bus["dev"]), depth == 0, {}};
        const auto devices = bus["devices"].checked_address();
        const auto offset = kernel_.types().offset_of("pci_dev", "bus_list");
        if (!devices || !offset)
            return problems_.add("a PCI bus", !devices ? devices.error() : offset.error());
        const auto done = for_each_list_node(
            kernel_.memory(), *devices,
            [&](std::uint64_t node) {
                add_device(kernel_.object("pci_dev", node - *offset), made);
                return true;
            },
            most_devices);
        if (!done) problems_.add("the devices of a PCI bus", done.error());
        made_.buses.push_back(std::move(made));
        const auto children = bus["children"].checked_address();
        if (!children) return problems_.add("the buses below a PCI bus", children.error());
        if (depth < deepest_bus) read_buses(*children, depth + 1);
    }

    void add_device(const Object& device, PciBus& bus) {
        const auto kind = device["class"].u64(), vendor = device["vendor"].u64(),
                   number = device["device"].u64(), capability = device["pcie_cap"].u64();
        for (const auto* part : {&kind, &vendor, &number, &capability})
            if (!*part) return problems_.add("a PCI device", part->error());
        bus.devices.push_back({device.address(), name_of(device["dev"]),
                               static_cast<std::uint32_t>(*kind >> 8), static_cast<std::uint16_t>(*vendor),
                               static_cast<std::uint16_t>(*number),
                               type_name(*capability, device["pcie_flags_reg"].u64())});
    }

    std::string name_of(const Object& device) {
        const auto name = device["kobj"]["name"].string(longest_pci_name);
        if (!name) problems_.add("the name of a PCI bus or device", name.error());
        return name.value_or("");
    }

    const Kernel& kernel_;
    PciBuses made_;
    ProblemCollector problems_;
};

}  // namespace

Result<PciBuses> pci_buses(const CrashDump& dump) {
    return PciReader(dump.kernel()).read();
}

}  // namespace postmortem
