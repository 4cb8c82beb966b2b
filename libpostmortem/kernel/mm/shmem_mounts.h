// Memory file systems: tmpfs, devtmpfs, the initial root, and the kernel's own mount behind shared memory,
// memfd and graphics buffers (mm/shmem.c).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <postmortem/problem.h>

#include "kernel/kernel.h"

namespace postmortem {

struct ShmemFile {
    std::string name;  ///< the last component of its path; empty where no name is left
    std::uint64_t inode = 0;
    std::uint64_t pages = 0;    ///< in memory
    std::uint64_t swapped = 0;  ///< in swap
    bool deleted = false;       ///< no link left: something holds it open or mapped
};

struct ShmemMount {
    std::string type;                          ///< "tmpfs", "devtmpfs", "rootfs"
    std::string path;                          ///< where it is mounted; empty for the kernel's own mount
    std::optional<std::uint64_t> limit_pages;  ///< size=; absent where there is none
    std::optional<std::uint64_t> used_pages;   ///< as df counts it: swapped ones included; only with a limit
    std::uint64_t files = 0;
    std::uint64_t pages = 0;  ///< in memory, all files together
    std::uint64_t swapped = 0;
    std::vector<ShmemFile> largest;
};

struct ShmemMounts {
    std::vector<ShmemMount> mounts;
    Problems problems;
};

/// Every memory file system with its `largest` files.
ShmemMounts read_shmem_mounts(const Kernel& kernel, std::size_t largest);

}  // namespace postmortem
