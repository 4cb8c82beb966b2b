// The answer to `dev`: device numbers and who has them, and disks with the requests that they had in flight.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postmortem/api.h>
#include <postmortem/problem.h>

namespace postmortem {

class CrashDump;

/// A range of device numbers. Text is untrusted.
struct DeviceRange {
    std::uint32_t major = 0;
    std::string name;  ///< as /proc/devices has it
    /// Its struct cdev, or one of its gendisks; 0: none. Nothing where that is not known.
    std::optional<std::uint64_t> object;
    std::optional<std::uint64_t> operations;
    std::string operations_name;  ///< the symbol of the operations
};

struct Disk {
    std::uint32_t major = 0;
    std::uint32_t first_minor = 0;
    std::string name;                            ///< untrusted
    std::uint64_t gendisk = 0;                   ///< address
    std::uint64_t queue = 0;                     ///< of its request_queue
    std::optional<std::uint64_t> reads, writes;  ///< requests in flight
};

struct DeviceTable {
    std::uint8_t address_digits = 16;
    std::vector<DeviceRange> characters;  ///< in the order of the kernel's table
    std::vector<DeviceRange> blocks;
    std::vector<Disk> disks;  ///< the oldest first
    Problems problems;
};

POSTMORTEM_API DeviceTable devices(const CrashDump& dump);
POSTMORTEM_API std::string to_text(const DeviceTable& table);
/// The disks but loop and ram devices, as crash has them; or those alone that had requests in flight.
POSTMORTEM_API std::string disks_to_text(const DeviceTable& table, bool busy_only = false);
POSTMORTEM_API std::string to_json(const DeviceTable& table);

}  // namespace postmortem
