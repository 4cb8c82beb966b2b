// Disks as the class of block devices has them until 5.11: before blk-mq (2.6.32), and while its requests had
// no state yet (4.4).
#include <doctest/doctest.h>

#include "kernel/block/disks.h"
#include "support/btf_builder.h"
#include "support/fake_kernel.h"

namespace old_disks_test {

using namespace postmortem;
using test::BtfBuilder;
using test::FakeKernel;

namespace {

// A disk vda and a partition, in a class whose list has this name.
struct OldDisks : FakeKernel {
    BtfBuilder& b = types();
    std::uint32_t u32 = b.integer("unsigned int", 4), s32 = b.integer("int", 4, true),
                  u64 = b.integer("long unsigned int", 8);
    std::uint32_t pointer = b.pointer(u64);
    std::uint32_t list = b.structure("list_head", 16, {{"next", pointer, 0}, {"prev", pointer, 64}});
    std::uint64_t disk = 0, queue = allocate(64);

    OldDisks(const char* class_struct, const char* class_list, std::uint32_t (*make_queue)(BtfBuilder&)) {
        const auto klist = b.structure("klist", 32, {{"k_lock", u32, 0}, {"k_list", list, 64}});
        const auto known = b.structure(class_struct, 64, {{class_list, klist, 128}});
        b.structure("class", 32, {{"name", pointer, 0}, {"p", b.pointer(known), 64}});
        const auto node = b.structure("klist_node", 32, {{"n_klist", pointer, 0}, {"n_node", list, 64}});
        const auto device = b.structure("device", 64, {{"knode_class", node, 128}});
        const auto part =
            b.structure("hd_struct", 128,
                        {{"__dev", device, 128}, {"partno", s32, 640}, {"in_flight", b.array(s32, 2), 704}});
        b.structure("gendisk", 256,
                    {{"major", s32, 0},
                     {"first_minor", s32, 32},
                     {"disk_name", b.array(b.integer("char", 1), 32), 64},
                     {"part0", part, 512},
                     {"queue", b.pointer(make_queue(b)), 1536}});
        const std::uint64_t class_at = variable("block_class", 32), own = allocate(64), other = allocate(256);
        disk = allocate(256);
        put_u64(class_at + 8, own);
        put<std::int32_t>(disk, 254);
        write(disk + 8, "vda");
        put_u64(disk + 192, queue);
        put<std::int32_t>(other + 64 + 80, 1);  // a partition
        const std::uint64_t link = 64 + 16 + 16 + 8;
        link_list(own + 16 + 8, {disk + link, other + link});
    }

    KnownDisk only_disk() {
        Problems problems;
        auto disks = read_disks(*open(), problems);
        for (const Error& problem : problems) CHECK_MESSAGE(false, problem.message);
        REQUIRE(disks.size() == 1);
        CHECK(disks[0].name == "vda");
        return disks[0];
    }
};

}  // namespace

TEST_CASE("the disks of 2.6.32 are those of class_devices, and their first part counts what is in flight") {
    OldDisks fake("class_private", "class_devices", [](BtfBuilder& b) {
        return b.structure("request_queue", 64, {{"queue_head", b.pointer(0), 0}});
    });
    fake.put<std::int32_t>(fake.disk + 64 + 88, 2);
    fake.put<std::int32_t>(fake.disk + 64 + 92, 5);
    const auto disk = fake.only_disk();
    CHECK(disk.reads == 2u);
    CHECK(disk.writes == 5u);
}

TEST_CASE("the requests of 4.4 that are in flight are started and not complete") {
    OldDisks fake("subsys_private", "klist_devices", [](BtfBuilder& b) {
        const auto u32 = b.integer("unsigned int", 4), u64 = b.integer("unsigned long", 8);
        const auto request =
            b.structure("request", 64, {{"q", u64, 0}, {"cmd_flags", u64, 64}, {"atomic_flags", u64, 128}});
        const auto tags =
            b.structure("blk_mq_tags", 16, {{"nr_tags", u32, 0}, {"rqs", b.pointer(b.pointer(request)), 64}});
        const auto context = b.structure("blk_mq_hw_ctx", 8, {{"tags", b.pointer(tags), 0}});
        return b.structure("request_queue", 24,
                           {{"mq_ops", u64, 0},
                            {"queue_hw_ctx", b.pointer(b.pointer(context)), 64},
                            {"nr_hw_queues", u32, 128}});
    });
    const std::uint64_t contexts = fake.allocate(8), context = fake.allocate(8), tags = fake.allocate(16),
                        table = fake.allocate(64);
    fake.put_u64(fake.queue, 0xffffffff81234560);
    fake.put_u64(fake.queue + 8, contexts);
    fake.put<std::uint32_t>(fake.queue + 16, 1);
    fake.put_u64(contexts, context);
    fake.put_u64(context, tags);
    fake.put<std::uint32_t>(tags, 8);
    fake.put_u64(tags + 8, table);
    std::uint64_t slot = table, write = 0;
    constexpr std::uint64_t complete = 1, started = 2;
    const auto add = [&](std::uint64_t writes, std::uint64_t state) {
        const std::uint64_t request = fake.allocate(64);
        fake.put_u64(slot, request);
        fake.put_u64(request, fake.queue);
        fake.put_u64(request + 8, writes);
        fake.put_u64(request + 16, state);
        slot += 8;
        return request;
    };
    add(0, started);
    write = add(1, started);
    add(0, started | complete);
    add(1, complete);
    add(0, 0);
    add(0, started);
    const auto disk = fake.only_disk();
    CHECK(disk.reads == 2u);
    CHECK(disk.writes == 1u);
    REQUIRE(disk.in_flight.size() == 3);
    CHECK(disk.in_flight[1].address == write);
    CHECK(disk.in_flight[1].writes);
}

}  // namespace old_disks_test
