// Who a cgroup belongs to, as far as its path tells: pod, container, unit, session, batch job, virtual
// machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <postmortem/api.h>

namespace postmortem {

/// What a cgroup itself is, whatever lies around it: who sets its limit depends on that.
enum class CgroupLevel {
    Unknown,
    Root,
    AllPods,   ///< kubepods: what the node has for pods
    QosClass,  ///< all Burstable or all BestEffort pods
    Pod,
    Container,
    Machine,  ///< a virtual machine or a system container
    Job,
    Unit,
    UserUnit,
    Slice,
};

/// The names in a cgroup path. Whatever the path does not tell stays absent; nothing is invented.
struct CgroupName {
    std::optional<std::string>
        runtime;  ///< docker, containerd, cri-o, podman, lxc, libvirt, nspawn, slurm, ...
    std::optional<std::string> container_id;  ///< As the runtime knows it: 64 digits for most of them.
    std::optional<std::string> pod_uid;    ///< With dashes, as `kubectl get pod -o yaml` prints metadata.uid.
    std::optional<std::string> qos;        ///< Guaranteed, Burstable or BestEffort.
    std::optional<std::string> unit;       ///< systemd unit, unescaped: nginx.service, session-3.scope.
    std::optional<std::string> user_unit;  ///< A unit of a user's own systemd, below user@UID.service.
    std::optional<std::uint64_t> user;     ///< UID of the login that it belongs to.
    std::optional<std::string> job;        ///< Batch job, task or allocation of a scheduler.
    std::optional<std::string> machine;    ///< Virtual machine or system container.
    bool kubernetes = false;
    CgroupLevel level = CgroupLevel::Unknown;

    /// Nothing but the path itself is known.
    POSTMORTEM_API bool empty() const;
    /// One line for people: "pod 9f2c4b21-... (Burstable), container 3f8a9c2b1d4e (containerd)".
    POSTMORTEM_API std::string description() const;
};

POSTMORTEM_API CgroupName name_cgroup(std::string_view path);

}  // namespace postmortem
