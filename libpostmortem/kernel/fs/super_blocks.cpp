#include "kernel/fs/super_blocks.h"

#include "kernel/lists.h"
#include "object/field.h"

namespace postmortem {
namespace {

constexpr std::size_t most_super_blocks = 1u << 18;
constexpr std::size_t longest_super_name = 64;
constexpr std::uint64_t page_mapping_flags = 3;  // PAGE_MAPPING_FLAGS: anonymous, movable, KSM

std::string disk_of_device(const Object& device) {
    if (device.u64_or(0) == 0) return {};
    return device["bd_disk"]["disk_name"].string(longest_super_name).value_or("");
}

}  // namespace

Result<SuperBlock> read_super_block(const Kernel& kernel, std::uint64_t address) {
    const Object block = kernel.object("super_block", address);
    const auto id = block["s_id"].string(longest_super_name),
               type = block["s_type"]["name"].string(longest_super_name);
    if (!id || !type) return fail(!id ? id.error() : type.error());
    SuperBlock made{address, *type, *id, disk_of_device(block["s_bdev"])};
    // In the super block itself until 3.6 (5accdf82ba25).
    const bool has_writers = block.has("s_writers");
    if (!has_writers) made.frozen_member = "s_frozen";
    // SB_UNFROZEN is 0 (include/linux/fs/super_types.h, before 6.19 fs.h)
    made.frozen = block.path(made.frozen_member).u64_or(0) != 0;
    made.queue =
        block.path(has_writers ? "s_writers.wait_unfrozen" : "s_wait_unfrozen").checked_address().value_or(0);
    const Object locks = block["s_writers"]["rw_sem"];
    if (const auto first = locks.checked_address()) {
        made.locks = *first;
        made.locks_end = *first + locks.size();
    }
    return made;
}

std::vector<SuperBlock> read_super_blocks(const Kernel& kernel, Problems& problems) {
    std::vector<SuperBlock> blocks;
    const auto head = kernel.symbol("super_blocks");
    const auto link = Field::find(kernel.types(), "super_block", {"s_list"});
    if (!head || !link) {
        problems.push_back(head ? link.error() : head.error());
        return blocks;
    }
    const auto walked = for_each_list_node(
        kernel.memory(), *head,
        [&](std::uint64_t node) {
            auto block = read_super_block(kernel, node - link->offset());
            if (block)
                blocks.push_back(std::move(*block));
            else
                problems.push_back(block.error());
            return true;
        },
        most_super_blocks);
    if (!walked) problems.push_back(walked.error());
    return blocks;
}

Result<SuperBlock> super_block_of_page(const Kernel& kernel, std::uint64_t page) {
    // Folios have a struct of their own since 5.16 (7b230db3b8d3).
    const Object folio = kernel.object("folio", page);
    const auto mapping =
        folio.has("mapping") ? folio["mapping"].u64() : kernel.object("page", page)["mapping"].u64();
    if (!mapping) return fail(mapping.error());
    if (*mapping == 0 || (*mapping & page_mapping_flags) != 0)
        return fail(ErrorCode::NotFound, "the page is part of no file", page);
    const auto inode = kernel.object("address_space", *mapping)["host"].u64();
    if (!inode || *inode == 0) return fail(ErrorCode::NotFound, "the page's file has no inode", page);
    const auto address = kernel.object("inode", *inode)["i_sb"].u64();
    if (!address) return fail(address.error());
    auto block = read_super_block(kernel, *address);
    if (!block || block->type != "bdev") return block;
    // A block device's own pages: fs/block_dev.c, block/bdev.c
    const auto self = Field::find(kernel.types(), "bdev_inode", {"vfs_inode"}),
               device = Field::find(kernel.types(), "bdev_inode", {"bdev"});
    if (self && device)
        block->disk =
            kernel.object("block_device", device->address_in(*inode - self->offset()))["bd_disk"]["disk_name"]
                .string(longest_super_name)
                .value_or("");
    return block;
}

}  // namespace postmortem
