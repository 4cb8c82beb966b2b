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

}  // namespace

Result<std::string> path_of(const Kernel& kernel, std::uint64_t mount, std::uint64_t dentry) {
    std::string path;
    for (unsigned step = 0; step < most_steps; ++step) {
        const Object here = kernel.object("dentry", dentry), holder = kernel.object("mount", mount);
        const auto root = holder["mnt"]["mnt_root"].u64(), above = here["d_parent"].u64();
        if (!root || !above) return fail(!root ? root.error() : above.error());
        if (dentry == *root || dentry == *above) {
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

Result<std::string> path_of_file(const Kernel& kernel, const Object& file) {
    const Object path = file["f_path"];
    const auto dentry = path["dentry"].u64();
    const Object mounted = path["mnt"].deref().container("mount", "mnt");
    const auto mount = mounted.checked_address();
    if (!dentry || !mount) return fail(!dentry ? dentry.error() : mount.error());
    return path_of(kernel, *mount, *dentry);
}

}  // namespace postmortem
