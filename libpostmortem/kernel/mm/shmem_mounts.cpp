#include "kernel/mm/shmem_mounts.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/problem_collector.h"
#include "kernel/fs/paths.h"
#include "kernel/lists.h"
#include "kernel/percpu_counter.h"
#include "memory/words.h"
#include "object/field.h"

namespace postmortem {
namespace {

constexpr std::uint64_t tmpfs_magic = 0x01021994;  // include/uapi/linux/magic.h
constexpr std::size_t most_super_blocks = 1u << 18;
constexpr std::size_t most_inodes = 1u << 20;
constexpr std::size_t most_mounts = 1u << 16;
constexpr std::size_t longest_file_name = 255;

class ShmemReader {
  public:
    ShmemReader(const Kernel& kernel, std::size_t largest)
        : kernel_(kernel), memory_(kernel.memory()), largest_(largest) {}

    ShmemMounts read() {
        if (auto ready = prepare(); !ready) {
            problems_.add("the memory file systems", ready.error());
        } else if (const auto head = kernel_.symbol("super_blocks"); !head) {
            problems_.add("the memory file systems", head.error());
        } else {
            const auto walk = for_each_list_node(
                memory_, *head,
                [&](std::uint64_t node) {
                    consider(node - list_.offset());
                    return true;
                },
                most_super_blocks);
            if (!walk) problems_.add("the list of file systems", walk.error());
        }
        result_.problems = problems_.take();
        return std::move(result_);
    }

  private:
    Result<void> prepare();
    void consider(std::uint64_t super_block);
    void read_limit(const Object& super_block, ShmemMount& mount);
    bool is_internal(std::uint64_t mount) const;
    bool prefer(std::uint64_t mount, std::uint64_t& found) const;
    std::uint64_t find_mount(const Object& super_block);
    std::string find_path(const Object& super_block);
    void read_files(std::uint64_t super_block, ShmemMount& mount);
    void name_files(ShmemMount& mount);

    const Kernel& kernel_;
    const AddressSpace& memory_;
    std::size_t largest_;
    Field list_, magic_, inodes_, inode_link_, mapping_pages_, swapped_, link_count_, aliases_;
    std::uint64_t vfs_inode_ = 0, alias_ = 0;
    std::uint64_t namespace_ = 0;  ///< the first process's mount namespace
    ShmemMounts result_;
    ProblemCollector problems_;
};

Result<void> ShmemReader::prepare() {
    std::optional<Error> missing;
    const FieldFinder find(kernel_.types(), missing);
    list_ = find("super_block", {"s_list"});
    magic_ = find("super_block", {"s_magic"});
    inodes_ = find("super_block", {"s_inodes"});
    inode_link_ = find("inode", {"i_sb_list"});
    // A shmem file's own mapping; i_mapping of any inode leads elsewhere only for block devices.
    mapping_pages_ = find("inode", {"i_data.nrpages"});
    link_count_ = find("inode", {"i_nlink", "__i_nlink"});
    aliases_ = find("inode", {"i_dentry"});
    swapped_ = find("shmem_inode_info", {"swapped"});
    vfs_inode_ = find("shmem_inode_info", {"vfs_inode"}).offset();
    alias_ = find("dentry", {"d_alias", "d_u.d_alias"}).offset();
    namespace_ = kernel_.variable("init_task", "task_struct")["nsproxy"]["mnt_ns"].u64_or(0);
    if (missing) return fail(std::move(*missing));
    return {};
}

void ShmemReader::consider(std::uint64_t address) {
    const auto magic = magic_.u64(memory_, address);
    if (!magic) return problems_.add("a file system", magic.error());
    if (*magic != tmpfs_magic) return;
    const Object super_block = kernel_.object("super_block", address);
    ShmemMount mount;
    mount.type = super_block["s_type"]["name"].string(32).value_or("tmpfs");
    mount.path = find_path(super_block);
    read_limit(super_block, mount);
    read_files(address, mount);
    name_files(mount);
    result_.mounts.push_back(std::move(mount));
}

void ShmemReader::read_limit(const Object& super_block, ShmemMount& mount) {
    const auto info = super_block["s_fs_info"].u64();
    if (!info || *info == 0) return;
    const Object own = kernel_.object("shmem_sb_info", *info);
    const auto limit = own["max_blocks"].u64();
    if (!limit) return problems_.add("the size of a memory file system", limit.error());
    if (*limit == 0) return;  // nothing is counted then
    mount.limit_pages = *limit;
    const auto used = percpu_counter_sum(kernel_, own["used_blocks"]);
    if (used)
        mount.used_pages = static_cast<std::uint64_t>(std::max<std::int64_t>(*used, 0));
    else
        problems_.add("the use of a memory file system", used.error());
}

// kern_mount() makes one that belongs to no namespace.
bool ShmemReader::is_internal(std::uint64_t mount) const {
    const std::uint64_t space = kernel_.object("mount", mount)["mnt_ns"].u64_or(0);
    return space == 0 || is_error_pointer(kernel_.memory(), space);  // as MNT_NS_INTERNAL is
}

// A mount of the first process's namespace, else one of any other (devtmpfs has one that kdevtmpfs alone
// sees). False where no better one can come.
bool ShmemReader::prefer(std::uint64_t mount, std::uint64_t& found) const {
    if (is_internal(mount)) return true;
    const bool first_process = kernel_.object("mount", mount)["mnt_ns"].u64_or(0) == namespace_;
    if (found == 0 || first_process) found = mount;
    return !first_process;
}

std::uint64_t ShmemReader::find_mount(const Object& super_block) {
    const Object mounts = super_block["s_mounts"];
    std::uint64_t found = 0;
    // A list of mounts until 6.17, a chain of pointers since.
    if (const auto offset = kernel_.types().offset_of("mount", "mnt_instance")) {
        const auto head = mounts.checked_address();
        const auto walk =
            head ? for_each_list_node(
                       memory_, *head, [&](std::uint64_t node) { return prefer(node - *offset, found); },
                       most_mounts)
                 : fail(head.error());
        if (!walk) problems_.add("the mounts of a memory file system", walk.error());
        return found;
    }
    std::uint64_t mount = mounts.u64_or(0);
    for (std::size_t i = 0; mount != 0 && i < most_mounts; ++i) {
        if (!prefer(mount, found)) break;
        mount = kernel_.object("mount", mount)["mnt_next_for_sb"].u64_or(0);
    }
    return found;
}

std::string ShmemReader::find_path(const Object& super_block) {
    const std::uint64_t mount = find_mount(super_block);
    if (mount == 0) return "";
    const auto root = kernel_.object("mount", mount)["mnt"]["mnt_root"].u64();
    auto path = root ? path_of(kernel_, mount, *root) : fail(root.error());
    if (path) return std::move(*path);
    problems_.add("the mount point of a memory file system", path.error());
    return "";
}

void ShmemReader::read_files(std::uint64_t super_block, ShmemMount& mount) {
    const auto smaller_last = [](const ShmemFile& a, const ShmemFile& b) { return a.pages > b.pages; };
    const auto walk = for_each_list_node(
        memory_, inodes_.address_in(super_block),
        [&](std::uint64_t node) {
            const std::uint64_t inode = node - inode_link_.offset();
            const auto pages = mapping_pages_.u64(memory_, inode);
            if (!pages) {
                problems_.add("a file of a memory file system", pages.error());
                return true;
            }
            const std::uint64_t swapped = swapped_.u64_or(memory_, inode - vfs_inode_, 0);
            ++mount.files;
            mount.pages += *pages;
            mount.swapped += swapped;
            if (*pages == 0 && swapped == 0) return true;
            mount.largest.push_back({"", inode, *pages, swapped, link_count_.u64_or(memory_, inode, 1) == 0});
            // Sorting now and then keeps a million files in little memory.
            if (mount.largest.size() >= largest_ * 2 + 64) {
                std::sort(mount.largest.begin(), mount.largest.end(), smaller_last);
                mount.largest.resize(largest_);
            }
            return true;
        },
        most_inodes);
    if (!walk) problems_.add("the files of a memory file system", walk.error());
    std::sort(mount.largest.begin(), mount.largest.end(), smaller_last);
    if (mount.largest.size() > largest_) mount.largest.resize(largest_);
}

void ShmemReader::name_files(ShmemMount& mount) {
    for (ShmemFile& file : mount.largest) {
        const std::uint64_t alias = aliases_.u64_or(memory_, file.inode, 0);
        if (alias == 0) continue;
        const Object name = kernel_.object("dentry", alias - alias_)["d_name"];
        const auto length = name["len"].u64(), text = name["name"].u64();
        if (!length || !text || *length > longest_file_name) continue;
        if (const auto bytes = memory_.bytes(*text, *length)) file.name = as_text(*bytes);
    }
}

}  // namespace

ShmemMounts read_shmem_mounts(const Kernel& kernel, std::size_t largest) {
    return ShmemReader(kernel, largest).read();
}

}  // namespace postmortem
