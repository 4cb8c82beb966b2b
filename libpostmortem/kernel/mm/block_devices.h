// What block devices hold of the machine's memory: their own page cache (block/bdev.c) and the requests that
// they keep ready (block/blk-mq.c).
#pragma once

#include <cstdint>

#include "kernel/kernel.h"

namespace postmortem {

/// Pages in the cache of block devices: "Buffers" of /proc/meminfo, nr_blockdev_pages().
Result<std::uint64_t> count_buffer_pages(const Kernel& kernel);

/// Pages of requests, allocated once for each hardware queue and each scheduler's queue (blk_mq_alloc_rqs()).
/// No counter of the kernel's shows them.
Result<std::uint64_t> count_request_pages(const Kernel& kernel);

}  // namespace postmortem
