// Sheaves of a made kernel, in both layouts, and what is said where they are damaged or not in the dump.
#include "kernel/mm/slab_sheaves.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "support/fake_kernel.h"

namespace slab_sheaves_test {

using namespace postmortem;
using test::BtfMember;
using test::FakeKernel;

namespace {

constexpr std::uint64_t bits = 8, capacity = 4, per_cpu_bytes = 0x100;

enum class Era { of_6_18, of_7_0 };

/// Two CPUs, one node, and a cache whose sheaves have room for four objects.
class Sheaves {
  public:
    explicit Sheaves(Era era = Era::of_7_0, std::string_view callback = "rcu_free_sheaf") : era_(era) {
        write_types();
        fake.put<std::uint32_t>(fake.variable("nr_cpu_ids", 4), 2);
        fake.put_u64(fake.variable("__cpu_possible_mask", 8), 3);
        fake.put_u64(fake.variable("__per_cpu_offset", 16) + 8, per_cpu_bytes);
        rcu_data = fake.variable("rcu_data", 2 * per_cpu_bytes);
        free_sheaf = fake.variable(callback);
        fake.variable("contig_page_data", 32);
        cache = new_cache(capacity);
        cpus = fake.allocate_page();
        fake.put_u64(cache, cpus);
        for (std::uint64_t cpu = 0; cpu < 2; ++cpu) put(cpu, main, sheaf({}));
        barn = fake.allocate(32);
        fake.link_list(barn + 8, {});
        if (era == Era::of_7_0) {
            fake.put_u64(cache + 48, barn);
        } else {
            const auto node = fake.allocate(32);
            fake.put_u64(cache + 48, node);
            fake.put_u64(node + 8, barn);
        }
    }

    std::uint64_t new_cache(std::uint32_t room) {
        const auto at = fake.allocate(128);
        fake.put<std::uint32_t>(at + 8, room);
        return at;
    }

    std::uint64_t sheaf(const std::vector<std::uint64_t>& objects) {
        const auto at = fake.allocate_page();
        fake.put_u64(at + 16, cache);
        fake.put<std::uint32_t>(at + 24, static_cast<std::uint32_t>(objects.size()));
        for (std::size_t i = 0; i < objects.size(); ++i) fake.put_u64(at + 32 + 8 * i, objects[i]);
        return at;
    }

    static constexpr std::uint64_t main = 8, spare = 16, rcu_free = 24;
    void put(std::uint64_t cpu, std::uint64_t which, std::uint64_t sheaf) {
        fake.put_u64(cpus + per_cpu_bytes * cpu + which, sheaf);
    }
    void keep_in_barn(const std::vector<std::uint64_t>& sheaves) { fake.link_list(barn + 8, sheaves); }
    /// RCU callbacks of CPU 1 that are called in this order.
    void call(const std::vector<std::uint64_t>& heads, std::uint64_t function) {
        std::uint64_t link = rcu_data + per_cpu_bytes + 16;
        for (const std::uint64_t head : heads) {
            fake.put_u64(link, head);
            fake.put_u64(head + 8, function);
            link = head;
        }
    }

    CacheSheaves read() {
        const auto kernel = fake.open();
        const SlabSheaves sheaves(*kernel);
        CHECK(sheaves.present());
        problems = sheaves.problems();
        return sheaves.of(cache);
    }
    std::string problem() {
        const CacheSheaves found = read();
        CHECK(!found.complete);
        REQUIRE(problems.size() + found.problems.size() == 1);
        return (problems.empty() ? found.problems : problems).front().message;
    }

    FakeKernel fake;
    std::uint64_t cache = 0, cpus = 0, barn = 0, rcu_data = 0, free_sheaf = 0;
    Problems problems;

  private:
    void write_types() {
        auto& b = fake.types();
        const auto u32 = b.integer("unsigned int", 4), u64 = b.integer("unsigned long", 8);
        const auto list = b.structure("list_head", 16, {{"next", u64, 0}, {"prev", u64, 8 * bits}});
        const auto callback = b.structure("callback_head", 16, {{"next", u64, 0}, {"func", u64, 8 * bits}});
        b.structure("pglist_data", 32,
                    {{"node_id", u32, 0},
                     {"node_start_pfn", u64, 8 * bits},
                     {"node_spanned_pages", u64, 16 * bits},
                     {"node_present_pages", u64, 24 * bits}});
        b.structure(
            "slub_percpu_sheaves", 32,
            {{"main", u64, main * bits}, {"spare", u64, spare * bits}, {"rcu_free", u64, rcu_free * bits}});
        b.structure("slab_sheaf", 32,
                    {{"callback_head", callback, 0},
                     {"barn_list", list, 0},
                     {"cache", u64, 16 * bits},
                     {"size", u32, 24 * bits},
                     {"objects", b.array(u64, 0), 32 * bits}});
        b.structure("node_barn", 32, {{"sheaves_full", list, 8 * bits}});
        const bool is_new = era_ == Era::of_7_0;
        if (is_new) b.structure("kmem_cache_per_node_ptrs", 16, {{"barn", u64, 0}, {"node", u64, 8 * bits}});
        b.structure("kmem_cache_node", 32,
                    is_new ? std::vector<BtfMember>{{"nr_slabs", u64, 0}}
                           : std::vector<BtfMember>{{"nr_slabs", u64, 0}, {"barn", u64, 8 * bits}});
        b.structure("kmem_cache", 128,
                    {{"cpu_sheaves", u64, 0},
                     {"sheaf_capacity", u32, 8 * bits},
                     {is_new ? "per_node" : "node", b.array(u64, 4), 48 * bits}});
        b.structure("rcu_data", 64,
                    {{"cblist", b.structure("rcu_segcblist", 16, {{"head", u64, 0}}), 16 * bits}});
    }

    Era era_;
};

}  // namespace

TEST_CASE("the sheaves of CPUs, of RCU and of a node's barn") {
    for (const Era era : {Era::of_6_18, Era::of_7_0}) {
        CAPTURE(static_cast<int>(era));
        Sheaves made(era);
        made.put(0, Sheaves::main, made.sheaf({0x1000, 0x2000}));
        made.put(1, Sheaves::spare, made.sheaf({0x3000}));
        made.put(1, Sheaves::rcu_free, made.sheaf({0x4000}));
        made.keep_in_barn({made.sheaf({0x5000, 0x6000, 0x7000, 0x8000})});
        made.call({made.sheaf({0x9000})}, made.free_sheaf);
        const CacheSheaves found = made.read();
        CHECK(made.problems.empty());
        CHECK(found.problems.empty());
        CHECK(found.complete);
        CHECK(found.capacity == capacity);
        CHECK(found.objects() == 9);
        using Place = SlabSheaf::Place;
        std::vector<std::pair<Place, std::uint32_t>> places;
        for (const SlabSheaf& sheaf : found.sheaves)
            if (!sheaf.objects.empty()) places.emplace_back(sheaf.place, sheaf.keeper);
        CHECK(places == std::vector<std::pair<Place, std::uint32_t>>{{Place::Main, 0},
                                                                     {Place::Spare, 1},
                                                                     {Place::RcuFree, 1},
                                                                     {Place::RcuCalled, 1},
                                                                     {Place::Barn, 0}});
    }
}

TEST_CASE("a kernel that has but one of RCU's callbacks for sheaves") {
    Sheaves made(Era::of_7_0, "rcu_free_sheaf_nobarn");
    made.call({made.sheaf({0x9000})}, made.free_sheaf);
    CHECK(made.read().objects() == 1);
    CHECK(made.problems.empty());
}

TEST_CASE("other callbacks are no sheaves, and a cache without sheaves has none") {
    Sheaves made;
    made.call({made.sheaf({0x1000}), made.sheaf({0x2000})}, made.free_sheaf + 1);
    CHECK(made.read().objects() == 0);
    Sheaves without;
    without.cache = without.new_cache(0);
    const CacheSheaves found = without.read();
    CHECK(found.complete);
    CHECK(found.sheaves.empty());
}

TEST_CASE("a sheaf that is not in the dump, and the others stand") {
    Sheaves made;
    const auto lost = made.sheaf({0x1000});
    made.put(0, Sheaves::main, lost);
    made.put(1, Sheaves::main, made.sheaf({0x2000, 0x3000}));
    made.fake.exclude(lost);
    const CacheSheaves found = made.read();
    CHECK(!found.complete);
    CHECK(found.objects() == 2);
    REQUIRE(found.problems.size() == 1);
    CHECK(found.problems[0].code == ErrorCode::PageExcluded);
    CHECK(contains(found.problems[0].message, "the main sheaf of CPU 0"));
}

TEST_CASE("damaged sheaves") {
    SUBCASE("more objects than it has room for") {
        Sheaves made;
        made.put(1, Sheaves::spare, made.sheaf({1, 2, 3, 4, 5}));
        CHECK(made.problem() == "the spare sheaf of CPU 1: it holds 5 objects of 4");
    }
    SUBCASE("of another cache") {
        Sheaves made;
        const auto stray = made.sheaf({0x1000});
        made.fake.put_u64(stray + 16, made.cache + 128);
        made.put(0, Sheaves::rcu_free, stray);
        CHECK(made.problem() == "a sheaf of CPU 0 for RCU: it is of another cache");
    }
    SUBCASE("a null pointer in it") {
        Sheaves made;
        made.keep_in_barn({made.sheaf({0x1000, 0})});
        CHECK(made.problem() == "a full sheaf of node 0: it holds a null pointer");
    }
    SUBCASE("a barn without an end") {
        Sheaves made;
        const auto stray = made.sheaf({});
        made.fake.put_u64(stray, stray);
        made.fake.put_u64(made.barn + 8, stray);
        CHECK(contains(made.problem(), "the barn of node 0"));
    }
    SUBCASE("a capacity that no sheaf has") {
        Sheaves made;
        made.fake.put<std::uint32_t>(made.cache + 8, 1u << 20);
        CHECK(made.problem() == "a sheaf would hold 1048576 objects");
    }
    SUBCASE("callbacks that loop") {
        Sheaves made;
        const auto one = made.sheaf({0x1000}), other = made.sheaf({0x2000});
        made.call({one, other}, made.free_sheaf);
        made.fake.put_u64(other, one);
        CHECK(made.problem() == "RCU's callbacks of CPU 1: the list does not end");
    }
    SUBCASE("callbacks that are not in the dump") {
        Sheaves made;
        const auto lost = made.sheaf({});
        made.call({lost}, made.free_sheaf);
        made.fake.lose(lost);
        CHECK(contains(made.problem(), "RCU's callbacks of CPU 1"));
    }
}

}  // namespace slab_sheaves_test
