// What to do next, for each finding: the limit, the service, the setting, or what to capture first. Nothing
// is advised that the numbers do not call for.
#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "log/oom/oom_gfp.h"
#include "report/oom/oom_platform.h"
#include "report/oom/oom_verdict.h"

namespace postmortem::oom {
namespace {

class Steps {
  public:
    Steps(const OomEvent& event, OomVerdict& verdict) : event_(event), verdict_(verdict), platform_(event) {}

    void suggest() {
        for (const OomFinding& why : verdict_.why) about_cause(why.kind);
        for (const OomFinding& who : verdict_.who) about_holder(who.kind);
        about_outcome();
    }

  private:
    void add(std::string step) {
        auto& steps = verdict_.next_steps;
        if (std::find(steps.begin(), steps.end(), step) == steps.end()) steps.push_back(std::move(step));
    }

    bool has(OomFindingKind kind) const { return verdict_.has(kind); }

    void about_cause(OomFindingKind kind) {
        switch (kind) {
            case OomFindingKind::MemcgLimit:
                add(limit_step(verdict_.oom_cgroup.value_or(CgroupName()), platform_));
                break;
            case OomFindingKind::MemcgParentLimit:
                add("look at all members of the group whose limit was met, and at tmpfs files charged to it, "
                    "not only at "
                    "the victim");
                break;
            case OomFindingKind::MemcgSwapLimit:
                add(platform_.swap_limit_file() + " of the cgroup decides how much may be swapped out");
                break;
            case OomFindingKind::Fragmentation:
                add("find who asks for so many pages in a row: the call trace behind \"invoked oom-killer\" "
                    "names the driver "
                    "or file system");
                about_compaction();
                break;
            case OomFindingKind::ZoneExhausted: about_zone(); break;
            case OomFindingKind::SwapFull:
            case OomFindingKind::SwapNotEnough: about_swap_holders(); break;
            case OomFindingKind::CmaUnusable:
                add("make the CMA area smaller (cma= on the kernel's command line, or the device tree) if "
                    "its devices need "
                    "less");
                break;
            case OomFindingKind::CpusetBinding:
                add("widen cpuset.mems of the task's cpuset, or move load to other nodes: numastat -p shows "
                    "who uses the node");
                break;
            case OomFindingKind::PolicyBinding:
                add(fmt::format(
                    "let the policy prefer the node instead of binding to it (numactl --preferred{}), "
                    "or bind to more nodes",
                    platform_.before(5, 15) ? "" : ", MPOL_PREFERRED_MANY"));
                break;
            case OomFindingKind::PageFault:
                add(fmt::format("look at the lines before the report for the fault's own reason{}",
                                platform_.since(5, 16)
                                    ? ""
                                    : "; kernels from 5.16 on no longer kill here (60e2793d440a)"));
                break;
            case OomFindingKind::Manual:
                add("find out who asked for it: a console, a script or an agent that writes f to "
                    "/proc/sysrq-trigger");
                break;
            default: break;
        }
    }

    // Compaction since 2.6.35 (748446bb6b5a), watermark_scale_factor since 4.6 (795ae7a0de6b).
    void about_compaction() {
        const bool none = event_.compaction_disabled || platform_.before(2, 6, 32);
        if (event_.compaction_disabled)
            add("the kernel was built without CONFIG_COMPACTION: it cannot put free pages together");
        add(fmt::format(
            "raise vm.min_free_kbytes{} so that {}; /proc/buddyinfo{} shows the state of the zones",
            platform_.before(4, 6) ? "" : " or vm.watermark_scale_factor",
            none ? "more memory stays free in one piece" : "compaction starts earlier",
            platform_.before(2, 6, 24) ? "" : " and /proc/pagetypeinfo"));
    }

    void about_zone() {
        if (event_.is_scene)
            return add(
                "what needs low memory (DMA, devices with 32-bit addresses) fails while the machine has "
                "some: find the driver that fills the low zones; vm.lowmem_reserve_ratio keeps other "
                "requests out of them");
        const auto& zones = event_.memory.zones;
        const auto printed = [&](std::string_view name) {
            return std::any_of(zones.begin(), zones.end(),
                               [&](const OomZone& zone) { return zone.name == name; });
        };
        const ZoneLimit limit = zone_limit(event_.trigger.gfp_flags);
        if (limit == ZoneLimit::Dma || limit == ZoneLimit::Dma32)
            add("the zone is the limit, not the size of the machine: find the driver that asks for such "
                "memory in the call "
                "trace; vm.lowmem_reserve_ratio keeps other requests out of low zones");
        else if (printed("HighMem"))
            add("low memory is the limit, not the size of the machine: a 64-bit kernel has no such zone");
        else
            add("what the kernel itself may use is the limit, not the size of the machine: make the movable "
                "part smaller "
                "(movablecore=, kernelcore=, movable_node, memory that was put online as movable)");
    }

    void about_swap_holders() {
        const OomTask* most = nullptr;
        for (const OomTask& task : event_.task_table.tasks) {
            if (task.swap_pages && (most == nullptr || *task.swap_pages > *most->swap_pages)) most = &task;
        }
        const std::uint64_t total = event_.memory.swap.total_kib.value_or(0);
        if (most == nullptr || *most->swap_pages * page_size(event_).kib * 10 < total)
            // VmSwap since 2.6.34 (b084d4353ff9).
            add(fmt::format(
                "{} and ipcs -m show who holds the swap; more of it only postpones the end of a leak",
                platform_.before(2, 6, 32) ? "the Swap lines of /proc/PID/smaps"
                                           : "VmSwap in /proc/PID/status"));
        else
            add(
                fmt::format("{} (pid {}) holds most of the swap, {}: look at what it keeps; more swap only "
                            "postpones the end of "
                            "a leak",
                            most->name, most->pid, size_text(*most->swap_pages * page_size(event_).kib)));
    }

    // No advice about swap where user memory is not what fills the machine.
    void about_swap() {
        if (!has(OomFindingKind::AnonymousMemory) || event_.scope == OomScope::Memcg) return;
        if (has(OomFindingKind::SwapAbsent) && !has(OomFindingKind::PolicyBinding) &&
            !has(OomFindingKind::CpusetBinding))
            add(fmt::format(
                "{} would let idle anonymous memory go; without it every byte has to fit into RAM",
                platform_.before(3, 14) ? "swap" : "swap or zram"));
    }

    void about_holder(OomFindingKind kind) {
        switch (kind) {
            case OomFindingKind::AnonymousMemory:
                about_largest();
                about_swap();
                break;
            case OomFindingKind::SlabLeak: about_slab(); break;
            case OomFindingKind::Unaccounted: about_unaccounted(); break;
            case OomFindingKind::Shmem:
            case OomFindingKind::MemcgShmem:
                add(fmt::format(
                    "find the files: df -t tmpfs, ipcs -m, /dev/shm{}; removing them frees the memory, "
                    "killing processes does not",
                    platform_.kubernetes() ? ", emptyDir volumes with medium: Memory" : ""));
                break;
            case OomFindingKind::Hugepages:
                add("compare HugePages_Free with what is needed and lower vm.nr_hugepages: free huge pages "
                    "help nobody else");
                break;
            case OomFindingKind::PageTables:
                add("many processes that map the same large memory each need page tables: use huge pages for "
                    "it, or fewer "
                    "processes");
                break;
            case OomFindingKind::KernelStacks:
                // pids.max since 4.3 (49b786ea146f).
                add(fmt::format("count threads (ps -eLf | wc -l) and limit them: {}ulimit -u",
                                platform_.before(4, 3)                ? ""
                                : platform_.systemd().value_or(false) ? "TasksMax=, pids.max, "
                                                                      : "pids.max, "));
                break;
            case OomFindingKind::Unevictable:
                add("VmLck in /proc/PID/status shows who locked memory; RLIMIT_MEMLOCK limits it");
                break;
            case OomFindingKind::DirtyCache:
                // In bytes since 2.6.29 (2da02997e08d).
                add(fmt::format("writing could not keep up: check the device, and lower {}",
                                platform_.before(2, 6, 29) ? "vm.dirty_ratio and vm.dirty_background_ratio"
                                                           : "vm.dirty_bytes and vm.dirty_background_bytes"));
                break;
            case OomFindingKind::MemcgPageCache: about_page_cache(); break;
            case OomFindingKind::MemcgKernelMemory:
                add("the cgroup's kernel memory counts: look at slab in its memory.stat, at the number of "
                    "open files, sockets "
                    "and dentries of its processes");
                break;
            default: break;
        }
    }

    // MemoryMax= and its like only where units are.
    void about_largest() {
        if (event_.scope != OomScope::Global || verdict_.top_names.empty()) return;
        const bool units = platform_.systemd().value_or(false);
        add(fmt::format(
            "the largest consumer is {}: check its own limits (heap, buffers, workers) and cap it{}, or "
            "give the machine more memory",
            verdict_.top_names.front().name,
            units ? fmt::format(" with {} of its unit", platform_.memory_limit_of_unit()) : ""));
    }

    // SLUB's traces moved to debugfs in 5.14 (64dd68497be7); page_owner since 3.19 (48c96a368579).
    void about_slab() {
        std::string text = "watch /proc/slabinfo or slabtop -s c: a cache that grows without bound is a leak";
        if (!platform_.before(2, 6, 23))
            text += fmt::format("; with SLUB, slub_debug=U and {}/slab/CACHE/alloc_traces name who allocates",
                                platform_.since(5, 14)    ? "/sys/kernel/debug"
                                : platform_.before(5, 14) ? "/sys/kernel"
                                                          : "/sys/kernel (since 5.14 /sys/kernel/debug)");
        if (!platform_.before(3, 19)) text += ", page_owner=on whose pages they are";
        add(std::move(text));
    }

    // /proc/allocinfo since 6.10 (22d407b164ff), /proc/vmallocinfo since 2.6.27 (a10aa579878f).
    void about_unaccounted() {
        std::vector<std::string_view> files;
        if (!platform_.before(3, 19)) files.emplace_back("page_owner=on");
        if (!platform_.before(2, 6, 27) && !event_.is_scene) files.emplace_back("/proc/vmallocinfo");
        if (!platform_.before(6, 10))
            files.emplace_back(platform_.since(6, 10) ? "/proc/allocinfo" : "/proc/allocinfo (6.10+)");
        std::string text =
            event_.is_scene ? "meminfo --sum says what of it is known" : "a vmcore shows who owns such pages";
        if (!files.empty())
            text += fmt::format("; on the next boot {} can name who takes them", fmt::join(files, ", "));
        add(text + "; check balloon and GPU drivers, ZFS, network buffers");
    }

    // memory.high is version 2's; a manifest or docker's options have no word for it.
    void about_page_cache() {
        const CgroupLevel level = verdict_.oom_cgroup ? verdict_.oom_cgroup->level : CgroupLevel::Unknown;
        const bool unit =
            level == CgroupLevel::Unit || level == CgroupLevel::UserUnit || level == CgroupLevel::Slice;
        if (platform_.cgroup_version() != 2u) return;
        if (unit)
            add("MemoryHigh= below MemoryMax= makes reclaim start before the limit is met");
        else if (level == CgroupLevel::Unknown)
            add("memory.high below memory.max makes reclaim start before the limit is met");
    }

    // oom_score_adj since 2.6.36 (a63d83f427fb) and where the report shows it, oom_adj before.
    std::string adjustment_name() const {
        const auto& columns = event_.task_table.columns;
        const auto has = [&](std::string_view name) {
            return std::find(columns.begin(), columns.end(), name) != columns.end();
        };
        const bool old = has("oom_adj") && !has("oom_score_adj");
        if (old || (columns.empty() && platform_.before(2, 6, 32))) return "oom_adj";
        return platform_.systemd().value_or(false) ? "OOMScoreAdjust= (oom_score_adj)" : "oom_score_adj";
    }

    void about_outcome() {
        // Only where an adjustment decided: numbers 2 and 3 are the two values.
        const bool adjusted =
            std::any_of(verdict_.who.begin(), verdict_.who.end(), [](const OomFinding& who) {
                return who.kind == OomFindingKind::VictimNotLargest && who.numbers.size() > 2;
            });
        if (adjusted && !event_.victims.empty())
            add(fmt::format(
                "protect what must survive with {}, and do not exempt what may grow: {} was killed for "
                "others",
                adjustment_name(), event_.victims.front().comm));
        if (has(OomFindingKind::VictimIsTrigger))
            add("sysctl vm.oom_kill_allocating_task=0 lets the kernel choose the largest process instead");
        if (has(OomFindingKind::Panic))
            add("vm.panic_on_oom is set: that is right for a cluster node that fails over, and for taking a "
                "dump");
        if (has(OomFindingKind::NotReaped))
            add("look for the victim in uninterruptible sleep: its stack says what it waited for");
    }

    const OomEvent& event_;
    OomVerdict& verdict_;
    Platform platform_;
};

}  // namespace

void suggest_next_steps(const OomEvent& event, OomVerdict& verdict) {
    Steps(event, verdict).suggest();
    suggest_steps_for_lost_parts(event, verdict);
}

}  // namespace postmortem::oom
