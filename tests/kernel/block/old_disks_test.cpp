// Disks before blk-mq (3.13), as the class of block devices had them until 2.6.38.
#include <doctest/doctest.h>

#include "kernel/block/disks.h"
#include "support/fake_kernel.h"

namespace old_disks_test {

using namespace postmortem;
using test::FakeKernel;

TEST_CASE("the disks of 2.6.32 are those of class_devices, and their first part counts what is in flight") {
    FakeKernel fake;
    auto& b = fake.types();
    const auto u32 = b.integer("unsigned int", 4), s32 = b.integer("int", 4, true),
               u64 = b.integer("long unsigned int", 8);
    const auto pointer = b.pointer(u64);
    const auto list = b.structure("list_head", 16, {{"next", pointer, 0}, {"prev", pointer, 64}});
    const auto klist = b.structure("klist", 32, {{"k_lock", u32, 0}, {"k_list", list, 64}});
    const auto known = b.structure("class_private", 64, {{"class_devices", klist, 128}});
    b.structure("class", 32, {{"name", pointer, 0}, {"p", b.pointer(known), 64}});
    const auto node = b.structure("klist_node", 32, {{"n_klist", pointer, 0}, {"n_node", list, 64}});
    const auto device = b.structure("device", 64, {{"knode_class", node, 128}});
    const auto part =
        b.structure("hd_struct", 128, {{"__dev", device, 128}, {"partno", s32, 640}, {"in_flight", b.array(s32, 2), 704}});
    const auto queue = b.structure("request_queue", 64, {{"queue_head", list, 0}});
    b.structure("gendisk", 256,
                {{"major", s32, 0},
                 {"first_minor", s32, 32},
                 {"disk_name", b.array(b.integer("char", 1), 32), 64},
                 {"part0", part, 512},
                 {"queue", b.pointer(queue), 1536}});
    const std::uint64_t class_at = fake.variable("block_class", 32), own = fake.allocate(64),
                        disk = fake.allocate(256), other = fake.allocate(256);
    fake.put_u64(class_at + 8, own);
    fake.put<std::int32_t>(disk, 254);
    fake.write(disk + 8, "vda");
    fake.put_u64(disk + 192, fake.allocate(64));
    fake.put<std::int32_t>(disk + 64 + 88, 2);
    fake.put<std::int32_t>(disk + 64 + 92, 5);
    fake.put<std::int32_t>(other + 64 + 80, 1);  // a partition
    const std::uint64_t link = 64 + 16 + 16 + 8;
    fake.link_list(own + 16 + 8, {disk + link, other + link});
    Problems problems;
    const auto disks = read_disks(*fake.open(), problems);
    for (const Error& problem : problems) CHECK_MESSAGE(false, problem.message);
    REQUIRE(disks.size() == 1);
    CHECK(disks[0].name == "vda");
    CHECK(disks[0].reads == 2u);
    CHECK(disks[0].writes == 5u);
}

}  // namespace old_disks_test
