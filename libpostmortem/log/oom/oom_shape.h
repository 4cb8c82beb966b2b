// Which line of an OOM report a line is, by its shape alone and never by the kernel's version: distributions
// backport. Sources: mm/oom_kill.c, mm/show_mem.c (mm/page_alloc.c before 6.2), mm/memcontrol.c, 2.6.11
// to 7.x.
#pragma once

#include <string_view>

namespace postmortem::oom {

enum class Shape {
    Other,           // nothing that an OOM report prints by itself
    Header,          // X invoked oom-killer: gfp_mask=...
    Context,         // X cpuset=/ mems_allowed=0
    CpuLine,         // CPU: 0 PID: 1 Comm: X ...; Pid: 1, comm: X ...
    Hardware,        // Hardware name: ...
    MemInfo,         // Mem-Info:
    PerCpu,          // CPU 0: hi: 186, btch: 31 usd: 152
    KeyValues,       // a list of name:number: totals (pages), or the rest of a wrapped line (kB)
    Node,            // Node 0 active_anon:1kB ...
    Zone,            // Node 0 DMA free:1kB min:...
    LowmemReserve,   // lowmem_reserve[]: 0 1 2
    FreeList,        // Node 0 DMA: 1*4kB (U) ... = 4kB
    Hugepages,       // Node 0 hugepages_total=...
    PageCount,       // 123 pages RAM
    FreePagesTotal,  // Free pages: 18912kB (0kB HighMem), up to 2.6.18
    Swap,            // Free swap = 0kB
    SwapCache,       // Swap cache stats: ...
    SlabTitle,
    SlabRow,
    AllocationTitle,
    AllocationRow,
    TableTitle,
    TableHeader,      // [  pid  ]   uid  tgid ...
    TableRow,         // [  123]  0  123 ...
    MemcgTask,        // Task in /a killed as a result of limit of /b
    MemcgUsage,       // memory: usage 1kB, limit 1kB, failcnt 1
    MemcgStats,       // Memory cgroup stats for /a: ...
    MemcgProtection,  // Memory cgroup min protection 0kB -- low protection 0kB
    StatRow,          // anon 0 (means something only behind MemcgStats)
    Summary,          // oom-kill:constraint=...
    Select,           // Out of memory: Kill process 1 (x) score 1 or sacrifice child
    Kill,             // [Out of memory: ]Killed process 1 (x) ...
    KillSkipped,      // Out of memory: OOM victim 1 (x) is already exiting. Skip killing the task
    KillSharing,      // Kill process 1 (x) sharing same memory
    GroupKill,        // Tasks in /a are going to be killed due to memory.oom.group set
    Reaped,           // oom_reaper: reaped process 1 (x), now anon-rss:...
    NotReaped,        // oom_reaper: unable to reap pid:1 (x)
    NoKillable,       // Out of memory and no killable processes...
    Panic,            // Kernel panic - not syncing: Out of memory: ...
    Sysrq,            // sysrq: Manual OOM execution
    OtherMemInfo,     // page allocation failure, SysRq : Show Memory: a Mem-Info follows that is no OOM's
};

Shape shape_of(std::string_view text);

/// Tells by itself that the OOM killer ran; such a line may begin an event in a log that lost the header.
bool proves_oom(Shape shape);

}  // namespace postmortem::oom
