// Paths of files as the kernel would print them: dentries and mounts (fs/d_path.c, fs/mount.h).
#pragma once

#include <string>

#include "kernel/kernel.h"

namespace postmortem {

/// The path of a dentry below its mount's namespace root, as d_path() makes it. `mount` is a struct mount.
/// Errors: the memory's own; Corrupt where parents never end.
Result<std::string> path_of(const Kernel& kernel, std::uint64_t mount, std::uint64_t dentry);

/// The path of an open file.
Result<std::string> path_of_file(const Kernel& kernel, const Object& file);

}  // namespace postmortem
