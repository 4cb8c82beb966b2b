// What SLAB keeps at hand, in three layouts of its arrays.
#include "kernel/mm/slab_arrays.h"

#include <doctest/doctest.h>

#include "support/fake_kernel.h"

namespace slab_arrays_test {

using namespace postmortem;
using test::FakeKernel;

namespace {

enum class Era { of_2_6_32, of_3_10, of_4_4 };

/// Two CPUs and two nodes.
struct Arrays {
    explicit Arrays(Era of) : era(of) {
        auto& b = fake.types();
        const auto u32 = b.integer("unsigned int", 4), u64 = b.integer("long unsigned int", 8);
        const auto pointer = b.pointer(u64);
        const auto array = b.structure("array_cache", 16, {{"avail", u32, 0}, {"limit", u32, 32}});
        const bool old = era == Era::of_2_6_32, is_new = era == Era::of_4_4;
        b.structure(old ? "kmem_list3" : "kmem_cache_node", 64,
                    {{"slabs_partial", u64, 0}, {"shared", pointer, 64}, {"alien", pointer, 128}});
        if (is_new) b.structure("alien_cache", 24, {{"lock", u32, 0}, {"ac", array, 64}});
        b.structure("kmem_cache", 64,
                    {is_new ? test::BtfMember{"cpu_cache", pointer, 0} : test::BtfMember{"array", b.array(pointer, 2), 0},
                     old || is_new ? test::BtfMember{old ? "nodelists" : "node", b.array(pointer, 2), 256}
                                   : test::BtfMember{"node", pointer, 256}});
        b.structure("pglist_data", 32, {{"node_id", u32, 0},
                                        {"node_start_pfn", u64, 64},
                                        {"node_spanned_pages", u64, 128},
                                        {"node_present_pages", u64, 192}});
        fake.put<std::uint32_t>(fake.variable("nr_cpu_ids", 4), 2);
        fake.put_u64(fake.variable("node_online_map"), 3);
        const std::uint64_t nodes = fake.variable("node_data", 16);
        for (std::uint32_t id = 0; id < 2; ++id) {
            const std::uint64_t node = fake.allocate(32);
            fake.put<std::uint32_t>(node, id);
            fake.put_u64(nodes + 8 * id, node);
        }
        cache = fake.allocate(64);
        const std::uint64_t per_cpu = fake.allocate(0x2000), offsets = fake.variable("__per_cpu_offset", 16);
        if (is_new) fake.put_u64(cache, per_cpu);
        for (std::uint32_t cpu = 0; cpu < 2; ++cpu) {
            fake.put_u64(offsets + 8 * cpu, 0x1000 * cpu);
            place_of_cpu[cpu] = is_new ? per_cpu + 0x1000 * cpu : fake.allocate(16);
            if (!is_new) fake.put_u64(cache + 8 * cpu, place_of_cpu[cpu]);
            put(place_of_cpu[cpu], 10 + cpu);
        }
        std::uint64_t lists = cache + 32;
        if (era == Era::of_3_10) fake.put_u64(cache + 32, lists = fake.allocate(16));
        for (std::uint32_t id = 0; id < 2; ++id) {
            const std::uint64_t node = fake.allocate(64), shared = fake.allocate(16);
            fake.put_u64(lists + 8 * id, node);
            fake.put_u64(node + 8, shared);
            put(shared, 100);
            fake.put_u64(node + 16, id == 0 ? foreign(is_new ? 8 : 0) : 0x01020304);  // BAD_ALIEN_MAGIC
        }
    }
    std::uint64_t foreign(std::uint64_t inside) {
        const std::uint64_t table = fake.allocate(16), array = fake.allocate(32);
        fake.put_u64(table + 8, array);
        put(array + inside, 1000);
        return table;
    }
    void put(std::uint64_t array, std::uint32_t available) {
        fake.put(array, available);
        fake.put<std::uint32_t>(array + 4, 1200);
    }

    Era era;
    FakeKernel fake;
    std::uint64_t cache = 0, place_of_cpu[2] = {0, 0};
};

}  // namespace

TEST_CASE("the arrays of CPUs, those that they share, and those of other nodes' objects") {
    for (const Era era : {Era::of_2_6_32, Era::of_3_10, Era::of_4_4}) {
        CAPTURE(static_cast<int>(era));
        Arrays made(era);
        const auto kernel = made.fake.open();
        const auto arrays = SlabArrays::open(*kernel);
        REQUIRE_MESSAGE(arrays, arrays.error().message);
        const auto kept = arrays->kept(made.cache);
        REQUIRE_MESSAGE(kept, kept.error().message);
        CHECK(*kept == 10 + 11 + 2 * 100 + 1000);
    }
}

TEST_CASE("an array that holds more than it can is none") {
    Arrays made(Era::of_2_6_32);
    made.put(made.place_of_cpu[1], 1201);
    const auto kernel = made.fake.open();
    CHECK(SlabArrays::open(*kernel)->kept(made.cache).error().code == ErrorCode::Corrupt);
}

}  // namespace slab_arrays_test
