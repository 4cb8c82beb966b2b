// What is mounted in a mount namespace (fs/mount.h, fs/namespace.c), as /proc/PID/mountinfo lists it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postmortem/problem.h>

#include "kernel/kernel.h"

namespace postmortem {

struct Mount {
    std::uint64_t address = 0;   ///< struct mount; struct vfsmount until 3.2
    std::uint64_t vfsmount = 0;  ///< what is inside
    std::uint64_t superblock = 0;
    std::uint64_t root_inode = 0;               ///< of what is mounted
    std::optional<std::int64_t> id, parent_id;  ///< as /proc shows them
    std::uint32_t major = 0, minor = 0;         ///< of the superblock's device
    std::string type;                           ///< ext4
    std::string device;                         ///< /dev/vda
    std::string directory;                      ///< where it is mounted
    std::string root;                           ///< which directory of the file system: / but for bind mounts
    bool read_only = false;
};

struct MountTable {
    std::vector<Mount> mounts;  ///< in the kernel's order
    Problems problems;
};

/// The namespace of a task: task->nsproxy->mnt_ns. Errors: NotFound for a task that has given it up.
Result<std::uint64_t> mount_namespace_of(const Kernel& kernel, std::uint64_t task);

MountTable read_mounts(const Kernel& kernel, std::uint64_t mount_namespace);

}  // namespace postmortem
