// Paths of files as the kernel would print them: dentries and mounts (fs/d_path.c, fs/mount.h).
#pragma once

#include <string>

#include "kernel/kernel.h"

namespace postmortem {

/// The path of a dentry below its mount's namespace root, as d_path() makes it. `mount` is a struct mount.
/// What hangs in no tree (a pipe, a socket, shared memory) has its own name alone, as crash shows it.
/// Errors: the memory's own; Corrupt where parents never end.
Result<std::string> path_of(const Kernel& kernel, std::uint64_t mount, std::uint64_t dentry);

/// The path of a dentry below the root of its file system.
Result<std::string> path_in_file_system(const Kernel& kernel, std::uint64_t dentry);

/// What a struct path leads to.
Result<std::string> path_of(const Kernel& kernel, const Object& path);

/// The path of an open file.
Result<std::string> path_of_file(const Kernel& kernel, const Object& file);

}  // namespace postmortem
