#include "kernel/mm/block_devices.h"

#include <functional>
#include <set>

#include "base/checked.h"
#include "kernel/lists.h"
#include "kernel/xarray.h"
#include "object/field.h"

namespace postmortem {
namespace {

constexpr std::size_t most_devices = 1u << 20;
constexpr std::size_t most_blocks = 1u << 20;
constexpr std::uint64_t most_queues = 8192;
constexpr std::uint64_t highest_buddy_order = 20;

// Every block device has an inode in a file system of their own (blockdev_superblock).
Result<void> for_each_inode(const Kernel& kernel,
                            const std::function<Result<void>(std::uint64_t inode)>& visit) {
    const auto super_block = kernel.word("blockdev_superblock");
    const auto inodes = kernel.types().offset_of("super_block", "s_inodes");
    const auto link = kernel.types().offset_of("inode", "i_sb_list");
    if (!super_block) return fail(super_block.error());
    if (!inodes || !link) return fail(!inodes ? inodes.error() : link.error());
    if (*super_block == 0) return {};
    Result<void> outcome;
    const auto walk = for_each_list_node(
        kernel.memory(), *super_block + *inodes,
        [&](std::uint64_t node) {
            outcome = visit(node - *link);
            return outcome.has_value();
        },
        most_devices);
    return walk ? outcome : walk;
}

class RequestCounter {
  public:
    explicit RequestCounter(const Kernel& kernel) : kernel_(kernel) {}

    Result<std::uint64_t> count() {
        const auto inode = kernel_.types().offset_of("bdev_inode", "vfs_inode");
        const auto device = kernel_.types().offset_of("bdev_inode", "bdev");
        const auto order = kernel_.types().offset_of("page", "private");
        const auto link = kernel_.types().offset_of("page", "lru");
        if (!inode || !device) return fail(!inode ? inode.error() : device.error());
        if (!order || !link) return fail(!order ? order.error() : link.error());
        order_ = *order;
        link_ = *link;
        const auto done = for_each_inode(kernel_, [&](std::uint64_t address) {
            return visit(kernel_.object("block_device", address - *inode + *device));
        });
        if (!done) return fail(done.error());
        return pages_;
    }

  private:
    Result<void> visit(const Object& device);
    Result<void> add_tags(std::uint64_t tags);
    void add_schedulers_tags(const Object& queue);

    const Kernel& kernel_;
    std::uint64_t order_ = 0, link_ = 0;
    std::set<std::uint64_t> seen_;  ///< sets and tags are shared between devices and queues
    std::uint64_t pages_ = 0;
};

Result<void> RequestCounter::visit(const Object& device) {
    const Object disk = device["bd_disk"];
    if (disk.u64_or(0) == 0) return {};
    const Object queue = disk["queue"];
    const auto address = queue.u64();
    if (!address) return fail(address.error());
    if (*address == 0 || !seen_.insert(*address).second) return {};
    add_schedulers_tags(queue);
    // Requests were objects of a slab cache until 3.13 (320ae51feed5).
    if (queue.has("request_fn") && !queue.has("tag_set")) return {};
    const Object set = queue["tag_set"];
    const auto place = set.u64();
    if (!place) return fail(place.error());
    if (*place == 0 || !seen_.insert(*place).second) return {};  // without blk-mq: zram, loop and the like
    const auto queues = set["nr_hw_queues"].u64();
    if (!queues) return fail(queues.error());
    for (std::uint64_t i = 0; i < std::min(*queues, most_queues); ++i) {
        const auto tags = set["tags"].at(i).u64();
        if (!tags) return fail(tags.error());
        if (auto done = add_tags(*tags); !done) return done;
    }
    return {};
}

// A scheduler has requests of its own; where it keeps them changes from release to release.
void RequestCounter::add_schedulers_tags(const Object& queue) {
    const auto add = [&](std::uint64_t context) {
        static_cast<void>(add_tags(kernel_.object("blk_mq_hw_ctx", context)["sched_tags"].u64_or(0)));
        return true;
    };
    if (queue.has("hctx_table")) {  // 5.18 to 6.18 or so
        for_each_xarray_entry(
            queue["hctx_table"], [&](std::uint64_t, std::uint64_t context) { return add(context); },
            [](const Error&) {});
        return;
    }
    const std::uint64_t queues = std::min(queue["nr_hw_queues"].u64_or(0), most_queues);
    for (std::uint64_t i = 0; queue.has("queue_hw_ctx") && i < queues; ++i)
        if (const std::uint64_t context = queue["queue_hw_ctx"].at(i).u64_or(0); context != 0) add(context);
}

Result<void> RequestCounter::add_tags(std::uint64_t tags) {
    if (tags == 0 || !seen_.insert(tags).second) return {};
    const auto list = kernel_.object("blk_mq_tags", tags)["page_list"].checked_address();
    if (!list) return fail(list.error());
    std::optional<Error> broken;
    const auto walk = for_each_list_node(
        kernel_.memory(), *list,
        [&](std::uint64_t node) {
            const auto order = kernel_.memory().word(node - link_ + order_);
            if (!order || *order > highest_buddy_order) {
                broken =
                    order ? Error(ErrorCode::Corrupt, "a block of impossible size", node) : order.error();
                return false;
            }
            pages_ += 1ull << *order;
            return true;
        },
        most_blocks);
    if (!walk) return walk;
    if (broken) return fail(*broken);
    return {};
}

}  // namespace

Result<std::uint64_t> count_buffer_pages(const Kernel& kernel) {
    const auto mapping = Field::find(kernel.types(), "inode", {"i_mapping"});
    const auto count = Field::find(kernel.types(), "address_space", {"nrpages"});
    if (!mapping || !count) return fail(!mapping ? mapping.error() : count.error());
    std::uint64_t pages = 0;
    const auto done = for_each_inode(kernel, [&](std::uint64_t inode) -> Result<void> {
        const auto space = mapping->u64(kernel.memory(), inode);
        const auto some = space ? count->u64(kernel.memory(), *space) : fail(space.error());
        if (!some) return fail(some.error());
        pages += *some;
        return {};
    });
    if (!done) return fail(done.error());
    return pages;
}

Result<std::uint64_t> count_request_pages(const Kernel& kernel) {
    return RequestCounter(kernel).count();
}

}  // namespace postmortem
