#include <algorithm>

#include <fmt/format.h>

#include <postmortem/crash_dump.h>
#include <postmortem/mount_list.h>

#include "base/text.h"
#include "kernel/fs/mounts.h"
#include "kernel/fs/open_files.h"
#include "object/field.h"
#include "report/tasks/task_selection.h"

namespace postmortem {
namespace {

std::string_view without_last_slash(std::string_view path) {
    while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
    return path;
}

// What a selector of the user's can mean.
class MountSelector {
  public:
    MountSelector(const Kernel& kernel, const std::string& word)
        : word_(without_last_slash(word)), address_(parse_u64(word, 16)) {
        if (!address_) return;
        superblocks_ = superblocks_at(kernel, *address_);
    }

    bool names(const Mount& mount) {
        const bool by_address =
            address_ &&
            (mount.address == *address_ || mount.vfsmount == *address_ || mount.superblock == *address_ ||
             std::find(superblocks_.begin(), superblocks_.end(), mount.superblock) != superblocks_.end());
        const bool by_name = without_last_slash(mount.directory) == word_ ||
                             without_last_slash(mount.device) == word_ || mount.type == word_;
        used_ = used_ || by_address || by_name;
        return by_address || by_name;
    }
    bool used() const { return used_; }
    std::string_view word() const { return word_; }

  private:
    // An address may be anything: what it would belong to as a dentry, and as an inode that its own dentries
    // or mapping confirm.
    static std::vector<std::uint64_t> superblocks_at(const Kernel& kernel, std::uint64_t address) {
        std::vector<std::uint64_t> found;
        const Object dentry = kernel.object("dentry", address);
        const auto inode = dentry["d_inode"].u64(), superblock = dentry["d_sb"].u64();
        if (inode && superblock && *inode != 0)
            if (const auto facts = read_inode(kernel, *inode); facts && facts->superblock == *superblock)
                found.push_back(*superblock);
        if (const auto facts = read_inode(kernel, address)) {
            const auto host = kernel.object("address_space", facts->mapping)["host"].u64();
            if (host && *host == address) found.push_back(facts->superblock);
        }
        return found;
    }

    std::string word_;
    std::optional<std::uint64_t> address_;
    std::vector<std::uint64_t> superblocks_;
    bool used_ = false;
};

// The first process, or the first that there is.
Result<const Task*> namespace_task(const TaskTable& table, const std::string& selector) {
    if (!selector.empty())
        return select_tasks(table, {selector}).map([](const auto& tasks) { return tasks.front(); });
    for (const Task& task : table.tasks)
        if (task.pid >= 1) return &task;
    return fail(ErrorCode::NotFound, "no process was found whose mounts could be listed");
}

// The empty file system on which the first root is mounted (7.0): nothing can be reached there, and /proc has
// it not, either.
bool is_out_of_sight(const Mount& mount) {
    return mount.type == "nullfs" && mount.id && mount.id == mount.parent_id;
}

MountPoint told(Mount& mount) {
    MountPoint point;
    point.mount = mount.address;
    point.superblock = mount.superblock;
    point.type = std::move(mount.type);
    point.device = std::move(mount.device);
    point.directory = std::move(mount.directory);
    point.root = std::move(mount.root);
    point.major = mount.major;
    point.minor = mount.minor;
    point.id = mount.id;
    point.parent_id = mount.parent_id;
    point.read_only = mount.read_only;
    return point;
}

}  // namespace

Result<MountList> mounts(const CrashDump& dump, const MountRequest& request) {
    const Kernel& kernel = dump.kernel();
    const TaskTable table = read_tasks(kernel);
    const auto task = namespace_task(table, request.task);
    if (!task) return fail(task.error());
    const auto space = mount_namespace_of(kernel, (*task)->address);
    if (!space) return fail(space.error());
    MountTable found = read_mounts(kernel, *space);
    MountList list;
    list.mount_namespace = *space;
    list.is_mount = kernel.types().find_struct("mount").has_value();
    list.problems = std::move(found.problems);
    std::vector<MountSelector> selectors;
    for (const std::string& word : request.selectors) selectors.emplace_back(kernel, word);
    for (Mount& mount : found.mounts) {
        if (is_out_of_sight(mount)) continue;
        bool wanted = selectors.empty();
        for (MountSelector& selector : selectors) wanted = selector.names(mount) || wanted;
        if (wanted) list.mounts.push_back(told(mount));
    }
    for (const MountSelector& selector : selectors)
        if (!selector.used())
            list.problems.emplace_back(ErrorCode::NotFound,
                                       fmt::format("'{}' is no mount, superblock, dentry, inode, device or "
                                                   "directory of the mounts",
                                                   escaped(selector.word())));
    return list;
}

// s_files went with 3.13 (eee5cc2702929), s_dirty with 2.6.32 (66f3b8e2e103).
Error why_not_listed(const CrashDump& dump, SuperblockList list) {
    const bool of_files = list == SuperblockList::OpenFiles;
    const std::string_view name = of_files ? "s_files" : "s_dirty", end = of_files ? "3.13" : "2.6.32";
    const auto member = Field::find(dump.kernel().types(), "super_block", {name});
    if (member)
        return {ErrorCode::Unsupported,
                fmt::format("the super_block.{} linked list, which this kernel has, is not read", name)};
    if (member.error().code == ErrorCode::NotFound)
        return {ErrorCode::NotFound,
                fmt::format("this kernel has no super_block.{} linked list; it was taken "
                            "out with {}",
                            name, end)};
    return {member.error().code,
            fmt::format("whether this kernel has a super_block.{} linked list, as those before {} do, is not "
                        "known: {}",
                        name, end, member.error().message)};
}

}  // namespace postmortem
