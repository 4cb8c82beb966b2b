// What to do next, for each finding: the limit, the service, the setting, or what to capture first. Nothing
// is advised that the numbers do not call for.
#include <algorithm>

#include <fmt/format.h>

#include "log/oom/oom_gfp.h"
#include "report/oom/oom_verdict.h"

namespace postmortem::oom {
namespace {

class Steps {
  public:
    Steps(const OomEvent& event, OomVerdict& verdict) : event_(event), verdict_(verdict) {}

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

    // The setting that holds the limit, named by who owns the cgroup.
    void raise_limit() {
        const CgroupName none;
        const CgroupName& owner = verdict_.oom_cgroup ? *verdict_.oom_cgroup : none;
        std::string where = "memory.max (v1: memory.limit_in_bytes) of the cgroup";
        if (owner.kubernetes)
            where = owner.container_id || !owner.pod_uid
                        ? "resources.limits.memory of the container in its pod's manifest"
                        : "resources.limits.memory of the pod's containers (the pod's limit is their sum)";
        else if (owner.runtime == "docker" || owner.runtime == "podman")
            where = fmt::format("--memory of the container ({} update --memory)", *owner.runtime);
        else if (owner.runtime == "slurm")
            where = "--mem of the job";
        else if (owner.user_unit)
            where = fmt::format("MemoryMax= of {} (systemctl --user edit)", *owner.user_unit);
        else if (owner.unit)
            where = fmt::format("MemoryMax= of {} (systemctl edit)", *owner.unit);
        add(fmt::format(
            "decide whether this much is legitimate: if it is, raise {}; if not, look for growth in "
            "memory.current and memory.stat of the cgroup over time",
            where));
    }

    void about_cause(OomFindingKind kind) {
        switch (kind) {
            case OomFindingKind::MemcgLimit: raise_limit(); break;
            case OomFindingKind::MemcgParentLimit:
                add("look at all members of the group whose limit was met, and at tmpfs files charged to it, "
                    "not only at "
                    "the victim");
                break;
            case OomFindingKind::MemcgSwapLimit:
                add("memory.swap.max (v1: memory.memsw.limit_in_bytes) of the cgroup decides how much may be "
                    "swapped out");
                break;
            case OomFindingKind::Fragmentation:
                add("find who asks for so many pages in a row: the call trace behind \"invoked oom-killer\" "
                    "names the driver "
                    "or file system");
                if (event_.compaction_disabled)
                    add("the kernel was built without CONFIG_COMPACTION: it cannot put free pages together");
                add("raise vm.min_free_kbytes or vm.watermark_scale_factor so that compaction starts "
                    "earlier; "
                    "/proc/buddyinfo and /proc/pagetypeinfo show the state of the zones");
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
                add("let the policy prefer the node instead of binding to it (numactl --preferred, "
                    "MPOL_PREFERRED_MANY), or "
                    "bind to more nodes");
                break;
            case OomFindingKind::PageFault:
                add("look at the lines before the report for the fault's own reason; kernels from 5.16 on no "
                    "longer kill "
                    "here (60e2793d440a)");
                break;
            case OomFindingKind::Manual:
                add("find out who asked for it: a console, a script or an agent that writes f to "
                    "/proc/sysrq-trigger");
                break;
            default: break;
        }
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
            add("VmSwap in /proc/PID/status and ipcs -m show who holds the swap; more of it only postpones "
                "the end of a leak");
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
            add("swap or zram would let idle anonymous memory go; without it every byte has to fit into RAM");
    }

    void about_holder(OomFindingKind kind) {
        switch (kind) {
            case OomFindingKind::AnonymousMemory:
                if (event_.scope == OomScope::Global && !verdict_.top_names.empty())
                    add(
                        fmt::format("the largest consumer is {}: check its own limits (heap, buffers, "
                                    "workers) and cap it "
                                    "with MemoryMax= of its unit, or give the machine more memory",
                                    verdict_.top_names.front().name));
                about_swap();
                break;
            case OomFindingKind::SlabLeak:
                add("watch /proc/slabinfo or slabtop -s c: a cache that grows without bound is a leak; "
                    "slub_debug=U with "
                    "/sys/kernel/slab/CACHE/alloc_traces, or page_owner=on, names who allocates");
                break;
            case OomFindingKind::Unaccounted:
                if (event_.is_scene)
                    add("meminfo --sum says what of it is known; on the next boot page_owner=on, and "
                        "/proc/allocinfo (6.10+), name who takes such pages; check balloon and GPU drivers, "
                        "ZFS, "
                        "network buffers");
                else
                    add("a vmcore shows who owns such pages; on the next boot page_owner=on and "
                        "/proc/vmallocinfo, /proc/allocinfo (6.10+) do; check balloon and GPU drivers, ZFS, "
                        "network buffers");
                break;
            case OomFindingKind::Shmem:
            case OomFindingKind::MemcgShmem:
                add("find the files: df -t tmpfs, ipcs -m, /dev/shm, emptyDir volumes with medium: Memory; "
                    "removing them "
                    "frees the memory, killing processes does not");
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
                add("count threads (ps -eLf | wc -l) and limit them: TasksMax=, pids.max, ulimit -u");
                break;
            case OomFindingKind::Unevictable:
                add("VmLck in /proc/PID/status shows who locked memory; RLIMIT_MEMLOCK limits it");
                break;
            case OomFindingKind::DirtyCache:
                add("writing could not keep up: check the device, and lower vm.dirty_bytes and "
                    "vm.dirty_background_bytes");
                break;
            case OomFindingKind::MemcgPageCache:
                add("memory.high below memory.max makes reclaim start before the limit is met");
                break;
            case OomFindingKind::MemcgKernelMemory:
                add("the cgroup's kernel memory counts: look at slab in its memory.stat, at the number of "
                    "open files, sockets "
                    "and dentries of its processes");
                break;
            default: break;
        }
    }

    void about_outcome() {
        // Only where an adjustment decided: numbers 2 and 3 are the two values.
        const bool adjusted =
            std::any_of(verdict_.who.begin(), verdict_.who.end(), [](const OomFinding& who) {
                return who.kind == OomFindingKind::VictimNotLargest && who.numbers.size() > 2;
            });
        if (adjusted && !event_.victims.empty())
            add(
                fmt::format("protect what must survive with OOMScoreAdjust= (oom_score_adj), and do not "
                            "exempt what may grow: "
                            "{} was killed for others",
                            event_.victims.front().comm));
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
};

}  // namespace

void suggest_next_steps(const OomEvent& event, OomVerdict& verdict) {
    Steps(event, verdict).suggest();
}

}  // namespace postmortem::oom
