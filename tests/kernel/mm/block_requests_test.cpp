// Pages that hold requests of block devices.
#include <doctest/doctest.h>

#include "kernel/mm/block_devices.h"
#include "support/fake_kernel.h"

namespace block_requests_test {

using namespace postmortem;
using test::FakeKernel;

TEST_CASE("before 3.13 requests are objects of a slab cache, and have no pages of their own") {
    for (const bool has_function : {true, false}) {
        CAPTURE(has_function);
        FakeKernel fake;
        auto& b = fake.types();
        const auto u64 = b.integer("long unsigned int", 8);
        const auto pointer = b.pointer(u64);
        const auto list = b.structure("list_head", 16, {{"next", pointer, 0}, {"prev", pointer, 64}});
        const auto queue =
            b.structure("request_queue", 16, {{has_function ? "request_fn" : "other", pointer, 0}});
        const auto disk = b.structure("gendisk", 16, {{"queue", b.pointer(queue), 0}});
        const auto device = b.structure("block_device", 16, {{"bd_disk", b.pointer(disk), 0}});
        const auto inode = b.structure("inode", 32, {{"i_sb_list", list, 0}});
        b.structure("bdev_inode", 48, {{"bdev", device, 0}, {"vfs_inode", inode, 128}});
        b.structure("page", 64, {{"private", u64, 0}, {"lru", list, 64}});
        b.structure("super_block", 16, {{"s_inodes", list, 0}});
        const std::uint64_t variable = fake.variable("blockdev_superblock"), super = fake.allocate(16),
                            own = fake.allocate(48), drive = fake.allocate(16), requests = fake.allocate(16);
        fake.put_u64(variable, super);
        fake.link_list(super, {own + 16});
        fake.put_u64(own, drive);
        fake.put_u64(drive, requests);
        const auto pages = count_request_pages(*fake.open());
        REQUIRE(pages.has_value() == has_function);
        if (pages) CHECK(*pages == 0);
    }
}

}  // namespace block_requests_test
