// What the kernel counts in longs, on machines whose longs are of either width.
#include "memory/words.h"

#include <array>

#include <doctest/doctest.h>

#include "kernel/mm/memory_settings.h"
#include "kernel/mm/task_memory.h"
#include "kernel/mm/vm_counters.h"
#include "object/field.h"
#include "support/fake_kernel.h"

namespace words_test {

using namespace postmortem;
using test::FakeBuild;
using test::FakeKernel;

namespace {

constexpr FakeBuild builds[] = {FakeBuild::X86_64, FakeBuild::I386, FakeBuild::I386Pae};

std::uint64_t bits(std::int64_t value) {
    return static_cast<std::uint64_t>(value);
}

}  // namespace

TEST_CASE("error codes in place of pointers are those of the machine's width") {
    for (const FakeBuild build : builds) {
        FakeKernel fake(build);
        const auto kernel = fake.open();
        const std::uint64_t last = fake.word() == 4 ? 0xffffffffull : ~0ull;
        for (const std::uint64_t code : {1ull, 22ull, 4095ull})
            CHECK(is_error_pointer(kernel->memory(), last - code + 1));
        CHECK_FALSE(is_error_pointer(kernel->memory(), last - 4095));
        CHECK_FALSE(is_error_pointer(kernel->memory(), 0));
    }
}

TEST_CASE("an array of longs, some of them below zero") {
    for (const FakeBuild build : builds) {
        FakeKernel fake(build);
        const std::array<std::int64_t, 5> values = {1, -2, 0x7fffffff, -0x80000000ll, 5};
        const std::uint64_t at = fake.variable("counters", 64);
        for (std::size_t i = 0; i < values.size(); ++i) fake.put_word(at + i * fake.word(), bits(values[i]));
        const auto kernel = fake.open();
        const auto read = signed_words(kernel->memory(), at, values.size());
        REQUIRE(read);
        CHECK(std::equal(values.begin(), values.end(), read->begin(), read->end()));
        for (std::size_t i = 0; i < values.size(); ++i)
            CHECK(signed_word(kernel->memory(), at + i * fake.word()).value() == values[i]);
    }
}

TEST_CASE("counters of zones and nodes") {
    for (const FakeBuild build : builds) {
        FakeKernel fake(build);
        fake.types().enumeration("zone_stat_item",
                                 {{"NR_FREE_PAGES", 0}, {"NR_MLOCK", 1}, {"NR_VM_ZONE_STAT_ITEMS", 2}});
        fake.types().enumeration(
            "node_stat_item", {{"NR_INACTIVE_ANON", 0}, {"NR_FILE_DIRTY", 1}, {"NR_VM_NODE_STAT_ITEMS", 2}});
        const std::uint64_t zone = fake.variable("vm_zone_stat", 64),
                            node = fake.variable("vm_node_stat", 64);
        fake.put_word(zone, 1234);
        fake.put_word(zone + fake.word(), bits(-3));
        fake.put_word(node, 77);
        fake.put_word(node + fake.word(), 88);
        const auto kernel = fake.open();
        const auto names = VmCounterNames::read(*kernel);
        REQUIRE(names);
        const auto counters = VmCounters::read(*kernel, *names);
        REQUIRE(counters);
        CHECK(counters->get("NR_FREE_PAGES").value() == 1234);
        CHECK(counters->get("NR_MLOCK").value() == 0);  // as the kernel shows it
        CHECK(counters->zone()[1] == -3);
        CHECK(counters->get("NR_INACTIVE_ANON").value() == 77);
        CHECK(counters->get("NR_FILE_DIRTY").value() == 88);
    }
}

TEST_CASE("counters of kernels whose zones count all") {
    for (const FakeBuild build : builds) {
        FakeKernel fake(build);
        fake.types().enumeration("zone_stat_item", {{"NR_FREE_PAGES", 0},
                                                    {"NR_ALLOC_BATCH", 1},
                                                    {"NR_LRU_BASE", 2},
                                                    {"NR_INACTIVE_ANON", 2},
                                                    {"NUMA_HIT", 3},
                                                    {"NR_VM_ZONE_STAT_ITEMS", 4}});
        const std::uint64_t all = fake.variable("vm_stat", 64);
        for (std::size_t i = 0; i < 4; ++i) fake.put_word(all + i * fake.word(), 100 + i);
        const std::uint64_t labels = fake.variable("vmstat_text", 64);
        const char* texts[] = {"nr_free_pages", "nr_alloc_batch", "nr_inactive_anon", "numa_hit"};
        for (std::size_t i = 0; i < 4; ++i) {
            const std::uint64_t text = fake.allocate(32);
            for (std::size_t at = 0; texts[i][at]; ++at) fake.put<char>(text + at, texts[i][at]);
            fake.put_word(labels + i * fake.word(), text);
        }
        const auto kernel = fake.open();
        const auto names = VmCounterNames::read(*kernel);
        REQUIRE(names);
        CHECK(names->node.size() == 0);
        CHECK(names->numa.size() == 0);
        for (std::size_t i = 0; i < 4; ++i) CHECK(names->zone.label(i) == texts[i]);
        const auto counters = VmCounters::read(*kernel, *names);
        REQUIRE(counters);
        CHECK(counters->get("NR_INACTIVE_ANON").value() == 102);
        CHECK(counters->get("NUMA_HIT").value() == 103);
        CHECK(counters->node().empty());
    }
    // A kernel that has the nodes' counters has their names as well.
    FakeKernel damaged;
    damaged.types().enumeration("zone_stat_item", {{"NR_FREE_PAGES", 0}, {"NR_VM_ZONE_STAT_ITEMS", 1}});
    damaged.variable("vm_zone_stat", 64);
    CHECK_FALSE(VmCounterNames::read(*damaged.open()));
}

TEST_CASE("settings that are longs, beside others") {
    for (const FakeBuild build : builds) {
        FakeKernel fake(build);
        const std::uint64_t at = fake.variable("sysctl_admin_reserve_kbytes", 16);
        fake.put_word(at, 8192);
        fake.put_word(at + fake.word(), 0x1234);
        fake.put<std::int32_t>(fake.variable("sysctl_overcommit_ratio", 4), 50);
        const MemorySettings settings = read_memory_settings(*fake.open());
        CHECK(settings.find("admin_reserve_kbytes") == 8192);
        CHECK(settings.find("overcommit_ratio") == 50);
        CHECK(settings.problems.empty());
    }
}

TEST_CASE("an atomic number is signed where it is asked for as such, and a pointer is as wide as a long") {
    for (const FakeBuild build : builds) {
        FakeKernel fake(build);
        auto& b = fake.types();
        const std::uint32_t size = fake.word();
        const auto word = b.integer("long", size, true);
        b.structure("list_head", 2 * size, {{"next", word, 0}, {"prev", word, 8 * size}});
        const auto atomic = b.structure("", size, {{"counter", word, 0}});
        b.structure("group", 32, {{"usage", atomic, 0}, {"css", b.pointer(word), 64}});
        const std::uint64_t at = fake.allocate(32);
        fake.put_word(at, bits(-7));
        fake.put_word(at + 8, at);
        fake.put_word(at + 8 + size, bits(-1));
        const auto kernel = fake.open();
        CHECK(kernel->object("group", at)["usage"].i64().value() == -7);
        CHECK(Field::find(kernel->types(), "group", {"usage"})->i64(kernel->memory(), at).value() == -7);
        CHECK(kernel->object("group", at)["css"].u64().value() == at);
        CHECK(Field::find(kernel->types(), "group", {"css"})->u64(kernel->memory(), at).value() == at);
    }
}

}  // namespace words_test
