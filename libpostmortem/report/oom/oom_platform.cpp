#include "report/oom/oom_platform.h"

#include <algorithm>

#include <fmt/format.h>

namespace postmortem::oom {
namespace {

constexpr std::size_t whole_table = 10;  // fewer rows are a cgroup's, or a fragment

bool counts(const OomMemcgUsage* usage) {
    return usage != nullptr &&
           (usage->usage_kib.value_or(0) != 0 || (usage->limit_kib && !usage->unlimited()));
}

// Before 4.19 kernels print the counters of version 1 for version 2 as well, where nothing counts in them.
std::optional<unsigned> version_of(const OomEvent& event, const std::optional<KernelVersion>& release) {
    const OomMemcg& memcg = event.memcg;
    if (memcg.version) return memcg.version;
    // The memory controller came to version 2 with 4.5.
    if (release && *release < KernelVersion{4, 5, 0}) return 1;
    if (memcg.find_usage("swap") != nullptr || memcg.group_path || memcg.min_protection_kib) return 2;
    if (counts(memcg.find_usage("memory+swap")) || counts(memcg.find_usage("kmem"))) return 1;
    for (const OomMemcgStats& stats : memcg.stats)
        for (const OomCounter& size : stats.sizes_bytes)
            if (size.name.starts_with("total_")) return 1;
    return std::nullopt;
}

bool has_unit(const std::optional<std::string>& path) {
    if (!path) return false;
    return path->find(".slice") != std::string::npos || path->find(".service") != std::string::npos ||
           path->find(".scope") != std::string::npos;
}

bool runs(const OomTaskTable& table, std::string_view name) {
    return std::any_of(table.tasks.begin(), table.tasks.end(),
                       [&](const OomTask& task) { return task.name.starts_with(name); });
}

std::optional<bool> systemd_of(const OomEvent& event, const std::optional<KernelVersion>& release) {
    if (has_unit(event.memcg.oom_path) || has_unit(event.memcg.task_path) || has_unit(event.cpuset))
        return true;
    if (runs(event.task_table, "systemd")) return true;
    if (release && *release < KernelVersion{2, 6, 39}) return false;
    const bool whole = event.scope == OomScope::Global && event.task_table.tasks.size() >= whole_table;
    if (whole && event.task_table.torn_rows == 0) return false;
    return std::nullopt;
}

std::string raise(std::string_view where, const Platform& platform) {
    return fmt::format(
        "decide whether this much is legitimate: if it is, raise {}; if not, look for growth in {} and "
        "memory.stat of the cgroup over time",
        where, platform.memory_usage_file());
}

std::string pod_step(const CgroupName& owner, const Platform& platform) {
    if (owner.qos == "BestEffort")
        return fmt::format(
            "a BestEffort pod has no limit in its manifest: find out who wrote {} of its cgroup, and whether "
            "this much is legitimate",
            platform.memory_limit_file());
    if (owner.level == CgroupLevel::Pod)
        return raise("resources.limits.memory of the pod's containers (the pod's limit is their sum)",
                     platform);
    return raise("resources.limits.memory of the container in its pod's manifest", platform);
}

std::string class_step(const CgroupName& owner) {
    if (owner.level == CgroupLevel::QosClass)
        return fmt::format(
            "the limit is that of all {} pods of the node together, which kubelet sets where qosReserved "
            "keeps "
            "memory for better classes: no manifest raises it; lower qosReserved, or move pods to other "
            "nodes",
            owner.qos.value_or("pods"));
    return "the limit is that of all pods of the node together, its allocatable memory: no manifest raises "
           "it; "
           "give pods requests that tell what they need, move pods to other nodes, or lower kubeReserved and "
           "systemReserved of kubelet where the node has memory to spare";
}

std::string container_setting(const CgroupName& owner, const Platform& platform) {
    if (owner.runtime == "ecs") return "memory of the container in its task definition";
    if (owner.runtime && (owner.runtime->starts_with("docker") || owner.runtime->starts_with("podman")))
        return fmt::format("--memory of the container ({} update --memory)",
                           owner.runtime->starts_with("docker") ? "docker" : "podman");
    return fmt::format("the memory limit of the container as its runtime was told it ({} of its cgroup)",
                       platform.memory_limit_file());
}

std::string machine_setting(const CgroupName& owner, const Platform& platform) {
    if (owner.runtime == "libvirt") return "memtune's hard_limit in the machine's domain XML (virsh memtune)";
    if (owner.runtime == "lxc" && platform.proxmox())
        return fmt::format("memory: of the container (pct set {} --memory)", owner.machine.value_or("ID"));
    if (owner.runtime == "lxc")
        return "the memory limit in the container's configuration (LXC's lxc.cgroup keys, limits.memory of "
               "LXD "
               "and Incus)";
    if (owner.unit)
        return fmt::format("{} of {} (systemctl set-property)", platform.memory_limit_of_unit(), *owner.unit);
    return fmt::format("the memory limit of {} ({} of its cgroup)", owner.machine.value_or("the machine"),
                       platform.memory_limit_file());
}

std::string job_setting(const CgroupName& owner) {
    if (owner.runtime == "slurm") return "--mem of the job";
    if (owner.runtime == "yarn") return "the size of the container that the application asks YARN for";
    if (owner.runtime == "ecs") return "memory of the task definition";
    return "the memory that the job asks its scheduler for";
}

// A scope is made at run time and has no file to edit; nor have most slices.
std::string unit_setting(const std::string& unit, bool of_user, const Platform& platform) {
    const std::string_view how = unit.ends_with(".service") ? "edit" : "set-property";
    return fmt::format("{} of {} (systemctl {}{})", platform.memory_limit_of_unit(), unit,
                       of_user ? "--user " : "", how);
}

}  // namespace

Platform::Platform(const OomEvent& event)
    : release_(event.trigger.kernel_release ? parse_release(*event.trigger.kernel_release) : std::nullopt),
      cgroup_version_(version_of(event, release_)),
      systemd_(systemd_of(event, release_)) {
    for (const auto& path :
         {event.memcg.oom_path, event.memcg.task_path, event.memcg.group_path, event.cpuset})
        kubernetes_ = kubernetes_ || (path && path->find("kubepods") != std::string::npos);
    kubernetes_ = kubernetes_ || runs(event.task_table, "kubelet");
    proxmox_ = event.trigger.kernel_release && event.trigger.kernel_release->ends_with("-pve");
}

std::string Platform::by_version(std::string_view v2, std::string_view v1) const {
    if (cgroup_version_ == 2u) return std::string(v2);
    if (cgroup_version_ == 1u) return std::string(v1);
    return fmt::format("{} (v1: {})", v2, v1);
}

std::string Platform::memory_limit_file() const {
    return by_version("memory.max", "memory.limit_in_bytes");
}

std::string Platform::memory_usage_file() const {
    return by_version("memory.current", "memory.usage_in_bytes");
}

std::string Platform::swap_limit_file() const {
    return by_version("memory.swap.max", "memory.memsw.limit_in_bytes");
}

// MemoryMax= came with systemd 231, in the year of 4.5.
std::string Platform::memory_limit_of_unit() const {
    if (before(4, 5)) return "MemoryLimit=";
    if (cgroup_version_ == 2u || since(5, 0)) return "MemoryMax=";
    return "MemoryMax= (before systemd 231 MemoryLimit=)";
}

std::string limit_step(const CgroupName& owner, const Platform& platform) {
    switch (owner.level) {
        case CgroupLevel::AllPods:
        case CgroupLevel::QosClass: return class_step(owner);
        case CgroupLevel::Pod: return pod_step(owner, platform);
        case CgroupLevel::Container:
            return owner.kubernetes ? pod_step(owner, platform)
                                    : raise(container_setting(owner, platform), platform);
        case CgroupLevel::Machine: return raise(machine_setting(owner, platform), platform);
        case CgroupLevel::Job: return raise(job_setting(owner), platform);
        case CgroupLevel::UserUnit:
            return raise(unit_setting(owner.user_unit.value_or("the unit"), true, platform), platform);
        case CgroupLevel::Unit:
            return raise(unit_setting(owner.unit.value_or("the unit"), false, platform), platform);
        case CgroupLevel::Slice:
            return raise(fmt::format("{} of that slice (systemctl set-property), which all units in it share",
                                     platform.memory_limit_of_unit()),
                         platform);
        case CgroupLevel::Root:
        case CgroupLevel::Unknown: break;
    }
    return raise(platform.memory_limit_file() + " of the cgroup", platform);
}

}  // namespace postmortem::oom
