// The table of neighbours before 2.6.37, whose chains hang on the table itself.
#include <doctest/doctest.h>

#include "kernel/net/neighbour_table.h"
#include "support/fake_kernel.h"

namespace old_neighbours_test {

using namespace postmortem;
using test::FakeKernel;

TEST_CASE("the chains of neighbours of 2.6.32 are as many as a mask tells") {
    FakeKernel fake;
    auto& b = fake.types();
    const auto u8 = b.integer("unsigned char", 1), u16 = b.integer("unsigned short", 2),
               u32 = b.integer("unsigned int", 4), u64 = b.integer("long unsigned int", 8);
    const auto device_type = b.structure(
        "net_device", 32,
        {{"name", b.array(b.integer("char", 1), 16), 0}, {"type", u16, 128}, {"addr_len", u8, 160}});
    b.structure("neighbour", 64,
                {{"next", b.pointer(u64), 0},
                 {"dev", b.pointer(device_type), 64},
                 {"nud_state", u8, 128},
                 {"ha", b.array(u8, 16), 192},
                 {"primary_key", b.array(u8, 4), 320}});
    b.structure("neigh_table", 32, {{"hash_buckets", b.pointer(u64), 0}, {"hash_mask", u32, 64}});
    const std::uint64_t table = fake.variable("arp_tbl", 32), chains = fake.allocate(4 * 8),
                        device = fake.allocate(32), one = fake.allocate(64), other = fake.allocate(64);
    fake.put_u64(table, chains);
    fake.put<std::uint32_t>(table + 8, 3);
    fake.put_u64(chains + 3 * 8, one);
    fake.put_u64(one, other);
    fake.write(device, "eth0");
    fake.put<std::uint8_t>(device + 20, 6);
    for (const std::uint64_t neighbour : {one, other}) {
        fake.put_u64(neighbour + 8, device);
        fake.put<std::uint32_t>(neighbour + 40, neighbour == one ? 0x0100000a : 0x0200000a);
    }
    SUBCASE("and all are found") {
        const auto found = read_neighbours(*fake.open());
        REQUIRE_MESSAGE(found, found.error().message);
        CHECK(found->problems.empty());
        REQUIRE(found->neighbours.size() == 2);
        CHECK(found->neighbours[0].device == "eth0");
        CHECK(found->neighbours[1].address == other);
    }
    SUBCASE("unless it is absurd") {
        fake.put<std::uint32_t>(table + 8, 0xffffffff);
        CHECK(read_neighbours(*fake.open()).error().code == ErrorCode::Corrupt);
    }
}

}  // namespace old_neighbours_test
