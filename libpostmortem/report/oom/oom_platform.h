// What the machine of an event had, as far as the event tells: a step names a limit, a file or a setting only
// where it exists.
#pragma once

#include <optional>
#include <string>

#include <postmortem/oom.h>

#include "log/oom/oom_gfp.h"

namespace postmortem::oom {

class Platform {
  public:
    explicit Platform(const OomEvent& event);

    /// Certainly older than this release.
    bool before(unsigned major, unsigned minor, unsigned patch = 0) const {
        return release_ && *release_ < KernelVersion{major, minor, patch};
    }
    /// Certainly this release or a later one.
    bool since(unsigned major, unsigned minor, unsigned patch = 0) const {
        return release_ && *release_ >= KernelVersion{major, minor, patch};
    }

    std::optional<unsigned> cgroup_version() const { return cgroup_version_; }
    /// Units: a cgroup path or the task table shows systemd; no where the table shows that it did not run.
    std::optional<bool> systemd() const { return systemd_; }
    /// Pods: a cgroup path or kubelet shows them.
    bool kubernetes() const { return kubernetes_; }
    bool proxmox() const { return proxmox_; }

    /// "memory.max", "memory.limit_in_bytes" or both, by the cgroup version.
    std::string memory_limit_file() const;
    std::string memory_usage_file() const;
    std::string swap_limit_file() const;
    /// "MemoryMax=", or "MemoryLimit=" of the time of cgroup v1.
    std::string memory_limit_of_unit() const;

  private:
    std::string by_version(std::string_view v2, std::string_view v1) const;

    std::optional<KernelVersion> release_;
    std::optional<unsigned> cgroup_version_;
    std::optional<bool> systemd_;
    bool kubernetes_ = false;
    bool proxmox_ = false;
};

/// What to do about the limit of a cgroup, by what that cgroup is.
std::string limit_step(const CgroupName& owner, const Platform& platform);

}  // namespace postmortem::oom
