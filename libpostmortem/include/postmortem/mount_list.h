// The answer to `mount`: the file systems that were mounted, in a task's namespace.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postmortem/api.h>
#include <postmortem/error.h>
#include <postmortem/problem.h>

namespace postmortem {

class CrashDump;

/// Names and paths are untrusted text: escape before printing.
struct MountPoint {
    std::uint64_t mount = 0;       ///< address of its struct mount; of its vfsmount before Linux 3.3
    std::uint64_t superblock = 0;  ///< of the file system
    std::string type;              ///< ext4
    std::string device;            ///< /dev/vda
    std::string directory;         ///< where it is mounted, as the namespace's root sees it
    std::string root;              ///< which directory of the file system is: / but for bind mounts
    std::uint32_t major = 0, minor = 0;
    std::optional<std::int64_t> id, parent_id;  ///< as in /proc/PID/mountinfo
    bool read_only = false;
};

struct MountList {
    std::uint64_t mount_namespace = 0;  ///< address of its mnt_namespace
    bool is_mount = true;            ///< false: the kernel knows no struct mount, and `mount` is a vfsmount
    std::vector<MountPoint> mounts;  ///< in the kernel's order
    Problems problems;
};

struct MountRequest {
    std::string
        task;  ///< -n: whose namespace, a pid or the address of a task_struct; empty: the first process's
    /// Each the address of a mount, vfsmount, superblock, dentry or inode, or a device or directory; any will
    /// do.
    std::vector<std::string> selectors;
};

/// NotFound where there is no such task.
POSTMORTEM_API Result<MountList> mounts(const CrashDump& dump, const MountRequest& request = {});

/// Lists that a superblock had of its open files and of its dirty inodes: `mount -f` and `-i` of crash.
enum class SuperblockList : std::uint8_t { OpenFiles, DirtyInodes };
/// Why there is no answer about it: this kernel has no such list, or it is not read.
POSTMORTEM_API Error why_not_listed(const CrashDump& dump, SuperblockList list);

POSTMORTEM_API std::string to_text(const MountList& list);
POSTMORTEM_API std::string to_json(const MountList& list);
POSTMORTEM_API std::string to_ndjson(const MountList& list);

}  // namespace postmortem
