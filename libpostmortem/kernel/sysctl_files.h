// Files of /proc/sys, and the variables that they show (kernel/sysctl.c and the files beside its tables).
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "kernel/kernel.h"

namespace postmortem {

struct SysctlFile {
    std::string_view folder, file;
    std::string_view variable;
    bool is_long = false;  ///< else an int
};

inline constexpr std::array sysctl_files = {
    SysctlFile{"kernel", "panic", "panic_timeout"},
    SysctlFile{"kernel", "panic_on_oops", "panic_on_oops"},
    SysctlFile{"kernel", "panic_on_warn", "panic_on_warn"},
    SysctlFile{"kernel", "oops_limit", "oops_limit"},
    SysctlFile{"kernel", "warn_limit", "warn_limit"},
    SysctlFile{"kernel", "softlockup_panic", "softlockup_panic"},
    SysctlFile{"kernel", "hardlockup_panic", "hardlockup_panic"},
    SysctlFile{"kernel", "hung_task_panic", "sysctl_hung_task_panic"},
    SysctlFile{"kernel", "hung_task_timeout_secs", "sysctl_hung_task_timeout_secs", true},
    SysctlFile{"kernel", "panic_on_rcu_stall", "sysctl_panic_on_rcu_stall"},
    SysctlFile{"kernel", "unknown_nmi_panic", "unknown_nmi_panic"},
    SysctlFile{"kernel", "panic_on_unrecovered_nmi", "panic_on_unrecovered_nmi"},
    SysctlFile{"kernel", "panic_on_io_nmi", "panic_on_io_nmi"},
    SysctlFile{"kernel", "watchdog_thresh", "watchdog_thresh"},
    SysctlFile{"vm", "overcommit_memory", "sysctl_overcommit_memory"},
    SysctlFile{"vm", "overcommit_ratio", "sysctl_overcommit_ratio"},
    SysctlFile{"vm", "overcommit_kbytes", "sysctl_overcommit_kbytes", true},
    SysctlFile{"vm", "swappiness", "vm_swappiness"},
    SysctlFile{"vm", "min_free_kbytes", "min_free_kbytes"},
    SysctlFile{"vm", "watermark_scale_factor", "watermark_scale_factor"},
    SysctlFile{"vm", "watermark_boost_factor", "watermark_boost_factor"},
    SysctlFile{"vm", "panic_on_oom", "sysctl_panic_on_oom"},
    SysctlFile{"vm", "oom_kill_allocating_task", "sysctl_oom_kill_allocating_task"},
    SysctlFile{"vm", "oom_dump_tasks", "sysctl_oom_dump_tasks"},
    SysctlFile{"vm", "admin_reserve_kbytes", "sysctl_admin_reserve_kbytes", true},
    SysctlFile{"vm", "user_reserve_kbytes", "sysctl_user_reserve_kbytes", true},
    SysctlFile{"vm", "vfs_cache_pressure", "sysctl_vfs_cache_pressure"},
    SysctlFile{"vm", "zone_reclaim_mode", "node_reclaim_mode"},
};

/// Null where none shows it.
constexpr const SysctlFile* file_that_shows(std::string_view variable) {
    const auto found = std::find_if(sysctl_files.begin(), sysctl_files.end(),
                                    [&](const SysctlFile& one) { return one.variable == variable; });
    return found == sysctl_files.end() ? nullptr : &*found;
}

Result<std::int64_t> read_sysctl(const Kernel& kernel, const SysctlFile& file);

}  // namespace postmortem
