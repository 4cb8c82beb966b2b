#include "kernel/fs/mounts.h"

#include <fmt/format.h>

#include "base/problem_collector.h"
#include "kernel/fs/paths.h"
#include "kernel/lists.h"
#include "kernel/rbtree.h"

namespace postmortem {
namespace {

constexpr std::size_t most_mounts = 1u << 20;    // sysctl fs.mount-max is 100000 as shipped
constexpr std::uint64_t mount_read_only = 0x40;  // MNT_READONLY
constexpr std::uint64_t super_read_only = 1;     // SB_RDONLY
constexpr unsigned minor_bits = 20;              // MINORBITS
constexpr std::size_t longest_name = 4096;

class MountReader {
  public:
    explicit MountReader(const Kernel& kernel)
        : kernel_(kernel),
          // A vfsmount was all of it until 3.2 (7d6fec45a513).
          type_(kernel.types().find_struct("mount") ? "mount" : "vfsmount") {}

    MountTable read(std::uint64_t address) {
        const Object space = kernel_.object("mnt_namespace", address);
        const auto visit = [&](std::string_view link) {
            const auto offset = kernel_.types().offset_of(type_, link);
            if (!offset) problems_.add("the mounts", offset.error());
            return [this, at = offset.value_or(0), known = offset.has_value()](std::uint64_t node) {
                if (known) add(node - at);
                return known;
            };
        };
        // A tree by id since 6.8 (2eea9ce4310d); before, a list, and `mounts` was their number.
        const bool is_tree = kernel_.types().offset_of(type_, "mnt_node").has_value();
        const auto head = space[is_tree ? "mounts" : "list"].checked_address();
        const auto walked = !head ? Result<void>(fail(head.error()))
                            : is_tree
                                ? for_each_rb_node(kernel_.memory(), *head, visit("mnt_node"), most_mounts)
                                : for_each_list_node(kernel_.memory(), *head, visit("mnt_list"), most_mounts);
        if (!walked) problems_.add("the mounts", walked.error());
        found_.problems = problems_.take();
        return std::move(found_);
    }

  private:
    void add(std::uint64_t address) {
        const Object mount = kernel_.object(type_, address);
        const Object inner = type_ == "mount" ? mount["mnt"] : mount;
        const auto superblock = inner["mnt_sb"].u64();
        if (!superblock) return problems_.add("a mount", superblock.error());
        // From 5.8 to 6.7 (9f6c61f96f2d) those who read /proc/mounts have a place of their own in the list.
        if (*superblock == 0) return;
        Mount made;
        made.address = address;
        made.vfsmount = inner.address();
        made.superblock = *superblock;
        made.root_inode = inner["mnt_root"]["d_inode"].u64_or(0);
        if (const auto id = mount["mnt_id"].i64()) made.id = *id;
        if (const auto id = mount["mnt_parent"]["mnt_id"].i64()) made.parent_id = *id;
        add_superblock(made, inner["mnt_sb"]);
        made.read_only = made.read_only || (inner["mnt_flags"].u64_or(0) & mount_read_only) != 0;
        take(made.device, "the device of a mount", mount["mnt_devname"].string(longest_name));
        take(made.directory, "the directory of a mount", directory_of(mount));
        const auto root = inner["mnt_root"].u64();
        take(made.root, "the root of a mount",
             root ? path_in_file_system(kernel_, *root) : fail(root.error()));
        found_.mounts.push_back(std::move(made));
    }

    void add_superblock(Mount& made, const Object& superblock) {
        const std::uint64_t device = superblock["s_dev"].u64_or(0);
        made.major = static_cast<std::uint32_t>(device >> minor_bits);
        made.minor = static_cast<std::uint32_t>(device & ((1u << minor_bits) - 1));
        made.read_only = (superblock["s_flags"].u64_or(0) & super_read_only) != 0;
        take(made.type, "the type of a mount", superblock["s_type"]["name"].string(longest_name));
    }

    Result<std::string> directory_of(const Object& mount) {
        const auto parent = mount["mnt_parent"].u64(), place = mount["mnt_mountpoint"].u64();
        if (!parent || !place) return fail(!parent ? parent.error() : place.error());
        return path_of(kernel_, *parent, *place);
    }

    void take(std::string& into, std::string_view what, Result<std::string> text) {
        if (text)
            into = std::move(*text);
        else
            problems_.add(what, text.error());
    }

    const Kernel& kernel_;
    std::string_view type_;
    MountTable found_;
    ProblemCollector problems_;
};

}  // namespace

Result<std::uint64_t> mount_namespace_of(const Kernel& kernel, std::uint64_t task) {
    const Object proxy = kernel.object("task_struct", task)["nsproxy"];
    const auto address = proxy.u64();
    if (!address) return fail(address.error());
    if (*address == 0) return fail(ErrorCode::NotFound, "the task has given up its namespaces");
    return proxy["mnt_ns"].u64();
}

MountTable read_mounts(const Kernel& kernel, std::uint64_t mount_namespace) {
    return MountReader(kernel).read(mount_namespace);
}

}  // namespace postmortem
