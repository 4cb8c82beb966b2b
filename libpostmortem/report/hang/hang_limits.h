// From when on it is said that something stands still.
#pragma once

namespace postmortem {

/// A wait for a lock, a disk, a CPU. The kernel's own detectors complain after 20 s (soft lockup) to 120 s
/// (hung task); nothing that works takes a tenth of that.
constexpr double long_seconds = 10;

/// A CPU that is not idle is interrupted by its own timer a hundred times a second at least; with nohz_full
/// another one moves its clock on once a second (sched_tick_remote(), 4.17). Hypervisors take CPUs away for
/// longer than that: this counts only where RCU has waited for the CPU for as long.
constexpr double deaf_seconds = 4;

/// A ring of tasks that wait for each other will not end by itself; locks that are taken back from one in a
/// ring (ww_mutex) are so at once.
constexpr double ring_seconds = 1;

}  // namespace postmortem
