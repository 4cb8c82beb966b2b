#include <postmortem/neighbours.h>

#include <fmt/format.h>

#include "kernel/net/neighbour_table.h"

namespace postmortem {
namespace {

// ARPHRD_* (include/uapi/linux/if_arp.h), in crash's words.
constexpr std::string_view hardware_names[] = {"",      "ETHER", "EETHER",  "AX25",   "PRONET",
                                               "CHAOS", "",      "ARCNET", "APPLETLK"};
constexpr std::uint64_t ethernet = 1, ieee802 = 6, dlci = 15, metricom = 23;

std::string hardware_name(std::uint64_t type) {
    if (type == ieee802) return "IEEE802";
    if (type == dlci) return "DLCI";
    if (type == metricom) return "METRICOM";
    return type < std::size(hardware_names) && type != 0 ? std::string(hardware_names[type]) : "UNKNOWN";
}

// NUD_* (include/uapi/linux/neighbour.h).
std::string state_name(std::uint64_t state) {
    constexpr const char* names[] = {"INCOMPLETE", "REACHABLE", "STALE", "DELAY",
                                     "PROBE",      "FAILED",    "NOARP", "PERMANENT"};
    for (std::size_t i = 0; i < std::size(names); ++i)
        if (state == 1u << i) return names[i];
    return state == 0 ? "NONE" : fmt::format("{:x}", state);
}

}  // namespace

Result<NeighbourList> neighbours(const CrashDump& dump) {
    auto table = read_neighbours(dump.kernel());
    if (!table) return fail(std::move(table.error()));
    NeighbourList list;
    for (NeighbourState& found : table->neighbours) {
        Neighbour one;
        one.address = found.address;
        for (const std::byte byte : found.ip)
            one.ip += fmt::format("{}{}", one.ip.empty() ? "" : ".", std::to_integer<unsigned>(byte));
        one.hardware_type = hardware_name(found.hardware_type);
        const char* const between = found.hardware_type == ethernet ? ":" : " ";
        for (const std::byte byte : found.hardware_address)
            one.hardware_address += fmt::format("{}{:02x}", one.hardware_address.empty() ? "" : between,
                                                std::to_integer<unsigned>(byte));
        one.device = std::move(found.device);
        one.state = state_name(found.state);
        list.neighbours.push_back(std::move(one));
    }
    list.problems = std::move(table->problems);
    return list;
}

}  // namespace postmortem
