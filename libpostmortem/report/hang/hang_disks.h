// Disks that are suspended, frozen or slow: what of them holds up whoever waits.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <postmortem/hang.h>

#include "base/problem_collector.h"
#include "kernel/block/disks.h"

namespace postmortem {

struct DiskState {
    std::string words;  ///< "is suspended (device mapper)", "has 3 requests in flight, the oldest for 20.3 s"
    bool moves = false;  ///< its requests are young: it works, and is slow at most
};

/// Borrows the kernel.
class HangDisks {
  public:
    HangDisks(const Kernel& kernel, ProblemCollector& problems);

    /// What of the disk holds up whoever waits for it.
    DiskState state_of(std::string_view name) const;
    /// The disk one of whose requests in flight will complete what lies at this address.
    const KnownDisk* waited_for_by(std::uint64_t completion) const;
    /// The disk whose request queue holds this address.
    const KnownDisk* of_queue(std::uint64_t address) const;
    /// Those that take no requests, or whose oldest one is old.
    std::vector<HangDisk> remarkable() const;

  private:
    struct Facts {
        KnownDisk disk;
        bool suspended = false;
        std::optional<double> oldest;
    };
    bool is_suspended(const KnownDisk& disk) const;
    const Facts* named(std::string_view name) const;

    const Kernel& kernel_;
    std::uint64_t queue_size_ = 0;
    std::vector<Facts> disks_;
};

}  // namespace postmortem
