// The disks of the machine and the requests that they had in flight: block/genhd.c, block/bdev.c,
// block/blk-mq-tag.c.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postmortem/problem.h>

#include "kernel/kernel.h"

namespace postmortem {

struct KnownDisk {
    std::uint64_t address = 0;  ///< of its gendisk
    std::uint32_t major = 0, first_minor = 0;
    std::string name;
    std::uint64_t queue = 0, operations = 0;
    /// Requests that were handed to the driver and had not come back.
    std::optional<std::uint64_t> reads, writes;
};

/// The oldest first.
std::vector<KnownDisk> read_disks(const Kernel& kernel, Problems& problems);

}  // namespace postmortem
