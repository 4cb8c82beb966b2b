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

/// One that was handed to the driver and had not come back.
struct RequestInFlight {
    std::uint64_t address = 0;      ///< struct request
    std::uint64_t started = 0;      ///< start_time_ns: CLOCK_MONOTONIC; 0 where it is not kept
    std::uint64_t end_data = 0;     ///< end_io_data: what whoever waits for it has put there
    std::uint64_t bio_private = 0;  ///< of its first bio
    bool writes = false;
};

struct KnownDisk {
    std::uint64_t address = 0;  ///< of its gendisk
    std::uint32_t major = 0, first_minor = 0;
    std::string name;
    std::uint64_t queue = 0, operations = 0;
    /// Requests that were handed to the driver and had not come back.
    std::optional<std::uint64_t> reads, writes;
    std::vector<RequestInFlight> in_flight;  ///< those of drivers that use tags (blk-mq)
    std::uint64_t freeze_depth = 0;          ///< request_queue.mq_freeze_depth: not 0: it lets no more in
    std::uint64_t private_data = 0;          ///< the driver's own
};

/// The oldest first.
std::vector<KnownDisk> read_disks(const Kernel& kernel, Problems& problems);

}  // namespace postmortem
