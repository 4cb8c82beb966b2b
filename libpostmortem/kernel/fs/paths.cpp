#include "kernel/fs/paths.h"

#include <fmt/format.h>

namespace postmortem {
namespace {

constexpr unsigned most_steps = 4096;
constexpr std::size_t longest_component = 255;

Result<std::string> name_of(const Object& dentry) {
    const Object name = dentry["d_name"];
    const auto length = name["len"].u64(), text = name["name"].u64();
    if (!length || !text) return fail(!length ? length.error() : text.error());
    if (*length > longest_component)
        return fail(ErrorCode::Corrupt, "a file name of impossible length", dentry.address());
    const auto bytes = dentry.memory().bytes(*text, *length);
    if (!bytes) return fail(bytes.error());
    return std::string(as_text(*bytes));
}

// What hangs a file system into the tree. Until 3.2 a vfsmount was all of it (7d6fec45a513); since, struct
// mount has one inside.
struct Mounts {
    explicit Mounts(const Kernel& k) : kernel(k), wrapped(k.types().find_struct("mount").has_value()) {}

    Object at(std::uint64_t address) const { return kernel.object(wrapped ? "mount" : "vfsmount", address); }
    Object root_of(const Object& mount) const { return (wrapped ? mount["mnt"] : mount)["mnt_root"]; }

    const Kernel& kernel;
    bool wrapped;
};

}  // namespace

Result<std::string> path_of(const Kernel& kernel, std::uint64_t mount, std::uint64_t dentry) {
    std::string path;
    const Mounts mounts(kernel);
    for (unsigned step = 0; step < most_steps; ++step) {
        const Object here = kernel.object("dentry", dentry), holder = mounts.at(mount);
        const auto root = mounts.root_of(holder).u64(), above = here["d_parent"].u64();
        if (!root || !above) return fail(!root ? root.error() : above.error());
        if (dentry == *above && dentry != *root) {
            auto name = name_of(here);
            return name ? Result<std::string>(*name + path) : name;
        }
        if (dentry == *root) {
            const auto parent = holder["mnt_parent"].u64(), place = holder["mnt_mountpoint"].u64();
            if (!parent || !place) return fail(!parent ? parent.error() : place.error());
            if (*parent == mount) return path.empty() ? "/" : path;
            mount = *parent;
            dentry = *place;
            continue;
        }
        auto name = name_of(here);
        if (!name) return name;
        path.insert(0, "/" + *name);
        dentry = *above;
    }
    return fail(ErrorCode::Corrupt, "a path has no end", dentry);
}

Result<std::string> path_in_file_system(const Kernel& kernel, std::uint64_t dentry) {
    std::string path;
    for (unsigned step = 0; step < most_steps; ++step) {
        const Object here = kernel.object("dentry", dentry);
        const auto above = here["d_parent"].u64();
        if (!above) return fail(above.error());
        if (*above == dentry) return path.empty() ? "/" : path;
        auto name = name_of(here);
        if (!name) return name;
        path.insert(0, "/" + *name);
        dentry = *above;
    }
    return fail(ErrorCode::Corrupt, "a path has no end", dentry);
}

Result<std::string> path_of_file(const Kernel& kernel, const Object& file) {
    return path_of(kernel, file["f_path"]);
}

Result<std::string> path_of(const Kernel& kernel, const Object& path) {
    const auto dentry = path["dentry"].u64();
    const Object mounted = path["mnt"].deref();
    const auto mount =
        (Mounts(kernel).wrapped ? mounted.container("mount", "mnt") : mounted).checked_address();
    if (!dentry || !mount) return fail(!dentry ? dentry.error() : mount.error());
    return path_of(kernel, *mount, *dentry);
}

}  // namespace postmortem
