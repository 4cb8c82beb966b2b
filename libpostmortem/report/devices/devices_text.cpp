// `dev` as crash prints it.
#include <fmt/format.h>

#include <postmortem/devices.h>

#include "base/text.h"

namespace postmortem {
namespace {

std::string range_line(const DeviceRange& device, std::size_t digits) {
    const std::string start = fmt::format("{:>4}      {:<13}  ", device.major, escaped(device.name));
    if (device.object.value_or(0) == 0)
        return start + fmt::format("{:^{}}\n", device.object ? "(none)" : "-", digits);
    const std::string name = !device.operations_name.empty() ? escaped(device.operations_name)
                             : device.operations             ? fmt::format("{:x}", *device.operations)
                                                             : "-";
    return start + fmt::format("{:0{}x}  {}\n", *device.object, digits, name);
}

std::string in_flight(const std::optional<std::uint64_t>& count) {
    return count ? fmt::format("{}", *count) : "-";
}

}  // namespace

std::string to_text(const DeviceTable& table) {
    const std::size_t digits = table.address_digits;
    std::string out = fmt::format("CHRDEV    {:<13}  {:^{}}  {:<16}\n", "NAME", "CDEV", digits, "OPERATIONS");
    for (const DeviceRange& device : table.characters) out += range_line(device, digits);
    out += fmt::format("\nBLKDEV    {:<13}  {:^{}}  {:<16}\n", "NAME", " GENDISK", digits, "OPERATIONS");
    for (const DeviceRange& device : table.blocks) out += range_line(device, digits);
    return out;
}

std::string disks_to_text(const DeviceTable& table, bool busy_only) {
    const std::size_t digits = table.address_digits;
    std::string out = fmt::format("MAJOR {:<{}}   NAME       {:<{}}   TOTAL  READ WRITE \n", "GENDISK",
                                  digits, "REQUEST_QUEUE", digits);
    for (const Disk& disk : table.disks) {
        const bool left_out = disk.name.starts_with("loop") || disk.name.starts_with("ram");
        const std::uint64_t total = disk.reads.value_or(0) + disk.writes.value_or(0);
        if (left_out || (busy_only && total == 0)) continue;
        const std::string sum = disk.reads && disk.writes ? fmt::format("{}", total) : "-";
        out += fmt::format("{:>5} {:0{}x}   {:<10} {:0{}x}   {:>5} {:>5} {:>5} \n", disk.major, disk.gendisk,
                           digits, escaped(disk.name), disk.queue, digits, sum, in_flight(disk.reads),
                           in_flight(disk.writes));
    }
    return out;
}

}  // namespace postmortem
