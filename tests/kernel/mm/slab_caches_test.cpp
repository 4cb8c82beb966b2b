// The slab caches of kernels that the lab does not have: SLAB, and SLUB with caches of control groups' own.
#include "kernel/mm/slab_caches.h"

#include <optional>

#include <doctest/doctest.h>

#include "support/fake_kernel.h"

namespace slab_caches_test {

using namespace postmortem;
using test::BtfMember;
using test::FakeKernel;

namespace {

constexpr std::uint64_t bits = 8;

struct BasicTypes {
    std::uint32_t u8, u16, u32, u64, list;
};

// Types of plain numbers, and one memory node.
BasicTypes basics(FakeKernel& fake) {
    auto& b = fake.types();
    const auto u64 = b.integer("unsigned long", 8);
    BasicTypes types = {b.integer("unsigned char", 1), b.integer("unsigned short", 2),
                        b.integer("unsigned int", 4), u64,
                        b.structure("list_head", 16, {{"next", u64, 0}, {"prev", u64, 64}})};
    b.structure("pglist_data", 32,
                {{"node_id", types.u32, 0},
                 {"node_start_pfn", u64, 64},
                 {"node_spanned_pages", u64, 128},
                 {"node_present_pages", u64, 192}});
    fake.variable("contig_page_data", 32);
    return types;
}

std::uint64_t text(FakeKernel& fake, std::string_view words) {
    const auto at = fake.allocate(words.size() + 1);
    fake.write(at, words);
    return at;
}

// ---- SLUB ----

enum class Params { none, pointer, flagged, embedded };

// As 3.10 (a pointer), 4.4 (embedded, with a flag) and 4.18 (embedded) have them.
class Slub {
  public:
    explicit Slub(Params params, std::uint32_t objects_bits = 15) : params_(params) {
        const BasicTypes t = basics(fake);
        auto& b = fake.types();
        const bool bit_fields = objects_bits == 15;
        b.structure(
            "page", 64,
            {{"lru", t.list, 8 * bits},
             bit_fields ? BtfMember{"inuse", t.u32, 24 * bits, 16} : BtfMember{"inuse", t.u16, 24 * bits},
             bit_fields ? BtfMember{"objects", t.u32, 26 * bits, 15}
                        : BtfMember{"objects", t.u16, 26 * bits}});
        b.structure("kmem_cache_node", 64,
                    {{"nr_slabs", t.u64, 0},
                     {"total_objects", t.u64, 64},
                     {"nr_partial", t.u64, 128},
                     {"partial", t.list, 192}});
        std::vector<BtfMember> cache = {
            {"flags", t.u64, 0},
            {"size", t.u32, 8 * bits},
            {bit_fields ? "object_size" : "objsize", t.u32, 12 * bits},
            {"oo", b.structure("kmem_cache_order_objects", 4, {{"x", t.u32, 0}}), 16 * bits},
            {"name", t.u64, 24 * bits},
            {"list", t.list, 32 * bits},
            {"node", b.array(t.u64, 4), 80 * bits}};
        if (params != Params::none) {
            const bool flag = params != Params::embedded;
            const auto type = b.structure(
                "memcg_cache_params", 24,
                flag ? std::vector<BtfMember>{{"is_root_cache", t.u8, 0}, {"root_cache", t.u64, 128}}
                     : std::vector<BtfMember>{{"root_cache", t.u64, 0}});
            cache.push_back({"memcg_params", params == Params::pointer ? b.pointer(type) : type, 48 * bits});
        }
        b.structure("kmem_cache", 112, cache);
        head_ = fake.variable("slab_caches", 16);
    }

    // `slabs` slabs of 21 objects; of the last one, on the partial list, `used` are in use.
    std::uint64_t cache(std::string_view name, std::uint64_t slabs, std::uint32_t used,
                        std::optional<std::uint64_t> root = {}) {
        const auto at = fake.allocate(112), node = fake.allocate(64), page = fake.allocate(64);
        fake.put<std::uint32_t>(at + 8, 192);
        fake.put<std::uint32_t>(at + 12, 190);
        fake.put<std::uint32_t>(at + 16, 21);
        fake.put_u64(at + 24, text(fake, name));
        fake.put_u64(at + 80, node);
        fake.put_u64(node, slabs);
        fake.put_u64(node + 8, slabs * 21);
        fake.put_u64(node + 16, 1);
        fake.link_list(node + 24, {page + 8});
        fake.put<std::uint32_t>(page + 24, 21u << 16 | used);
        write_params(at, root);
        links_.push_back(at + 32);
        return at;
    }

    SlabCacheList read(bool each = false) {
        fake.link_list(head_, links_);
        const auto kernel = fake.open();
        return each ? read_each_slab_cache(*kernel) : read_slab_caches(*kernel);
    }

    FakeKernel fake;

  private:
    void write_params(std::uint64_t at, std::optional<std::uint64_t> root) {
        if (params_ == Params::embedded) fake.put_u64(at + 48, root.value_or(0));
        if (params_ == Params::none || params_ == Params::embedded) return;
        std::uint64_t place = at + 48;
        if (params_ == Params::pointer) {
            // A cache that no group made a copy of has none.
            if (!root && !links_.empty()) return;
            place = fake.allocate(24);
            fake.put_u64(at + 48, place);
        }
        fake.put<std::uint8_t>(place, root ? 0 : 1);
        // Of a root, what lies there is another member of a union.
        fake.put_u64(place + 16, root.value_or(0xffff888000abcdef));
    }

    Params params_;
    std::uint64_t head_ = 0;
    std::vector<std::uint64_t> links_;
};

// ---- SLAB ----

enum class Lists { of_2_6_32, of_3_10, of_5_4 };

class Slab {
  public:
    explicit Slab(Lists era) : era_(era) {
        const BasicTypes t = basics(fake);
        auto& b = fake.types();
        const bool old = era == Lists::of_2_6_32;
        std::vector<BtfMember> node = {{"slabs_partial", t.list, 0},
                                       {"slabs_full", t.list, 16 * bits},
                                       {"slabs_free", t.list, 32 * bits},
                                       {"free_objects", t.u64, 48 * bits}};
        if (era == Lists::of_5_4) node.push_back({"total_slabs", t.u64, 56 * bits});
        b.structure(old ? "kmem_list3" : "kmem_cache_node", 64, node);
        b.structure("kmem_cache", 128,
                    {{"batchcount", t.u32, 0},
                     {old ? "buffer_size" : "size", t.u32, 4 * bits},
                     {"flags", t.u32, 8 * bits},
                     {"num", t.u32, 12 * bits},
                     {"gfporder", t.u32, 16 * bits},
                     {"name", t.u64, 24 * bits},
                     {old ? "next" : "list", t.list, 32 * bits},
                     {old ? "nodelists" : "node",
                      era == Lists::of_3_10 ? b.pointer(b.pointer(t.u64)) : b.array(t.u64, 4), 48 * bits}});
        head_ = fake.variable(old ? "cache_chain" : "slab_caches", 16);
    }

    std::uint64_t cache(std::string_view name, unsigned full, unsigned partial, unsigned unused,
                        std::uint64_t free) {
        const auto at = fake.allocate(128), node = fake.allocate(64);
        fake.put<std::uint32_t>(at, 60);
        fake.put<std::uint32_t>(at + 4, 256);
        fake.put<std::uint32_t>(at + 8, 0x20000);
        fake.put<std::uint32_t>(at + 12, 15);
        fake.put<std::uint32_t>(at + 16, 1);
        fake.put_u64(at + 24, text(fake, name));
        std::uint64_t slot = at + 48;
        if (era_ == Lists::of_3_10) {
            const auto array = fake.allocate(32);
            fake.put_u64(slot, array);
            slot = array;
        }
        fake.put_u64(slot, node);
        list(node, partial);
        // Full ones are on no list that anybody needs where they are counted.
        list(node + 16, era_ == Lists::of_5_4 ? 0 : full);
        list(node + 32, unused);
        fake.put_u64(node + 48, free);
        if (era_ == Lists::of_5_4) fake.put_u64(node + 56, full + partial + unused);
        links_.push_back(at + 32);
        return node;
    }

    SlabCacheList read() {
        fake.link_list(head_, links_);
        return read_slab_caches(*fake.open());
    }

    FakeKernel fake;

  private:
    void list(std::uint64_t head, unsigned count) {
        std::vector<std::uint64_t> nodes;
        for (unsigned i = 0; i < count; ++i) nodes.push_back(fake.allocate(16));
        fake.link_list(head, nodes);
    }

    Lists era_;
    std::uint64_t head_ = 0;
    std::vector<std::uint64_t> links_;
};

}  // namespace

TEST_CASE("what control groups have of a SLUB cache is counted with it, as /proc/slabinfo does") {
    for (const Params params : {Params::pointer, Params::flagged, Params::embedded}) {
        CAPTURE(static_cast<int>(params));
        Slub slub(params);
        const auto dentry = slub.cache("dentry", 10, 20);
        slub.cache("filp", 3, 5);
        slub.cache("dentry(4:demo)", 2, 1, dentry);
        slub.cache("dentry(5:other)", 1, 21, dentry);
        const auto list = slub.read();
        CHECK(list.problems.empty());
        REQUIRE(list.caches.size() == 2);
        CHECK(list.caches[0].name == "dentry");
        CHECK(list.caches[0].slabs == 13);
        CHECK(list.caches[0].total_objects == 13 * 21);
        CHECK(list.caches[0].active_objects == 13 * 21 - 1 - 20);
        CHECK(list.caches[0].partial_slabs == 3);
        CHECK(list.caches[1].name == "filp");
        CHECK(list.caches[1].active_objects == 3 * 21 - 16);
    }
}

TEST_CASE("each of them is a cache of its own, too") {
    Slub slub(Params::embedded);
    const auto dentry = slub.cache("dentry", 10, 20);
    const auto child = slub.cache("dentry(4:demo)", 2, 1, dentry);
    const auto list = slub.read(true);
    CHECK(list.problems.empty());
    REQUIRE(list.caches.size() == 2);
    CHECK(list.caches[0].slabs == 10);
    CHECK(list.caches[1].address == child);
    CHECK(list.caches[1].name == "dentry(4:demo)");
    CHECK(list.caches[1].slabs == 2);
}

TEST_CASE("SLUB without control groups, with the counts of either age") {
    for (const std::uint32_t objects_bits : {15u, 16u}) {
        Slub slub(Params::none, objects_bits);
        slub.cache("filp", 3, 5);
        const auto list = slub.read();
        CHECK(list.problems.empty());
        REQUIRE(list.caches.size() == 1);
        CHECK(list.caches[0].active_objects == 3 * 21 - 16);
        CHECK(list.caches[0].object_size == 190);
    }
}

TEST_CASE("a control group's cache whose root is lost is shown by itself, and the lost page is told") {
    Slub slub(Params::pointer);
    slub.cache("dentry", 10, 20);
    const auto child = slub.cache("dentry(4:demo)", 2, 1, slub.fake.allocate(112));
    const auto lost = slub.fake.allocate_page();
    const auto damaged = slub.cache("filp", 3, 5);
    slub.fake.put_u64(damaged + 48, lost);
    slub.fake.lose(lost);
    const auto list = slub.read();
    CHECK(list.problems.size() == 1);
    REQUIRE(list.caches.size() == 3);
    CHECK(list.caches[1].address == child);
    CHECK(list.caches[2].name == "filp");
}

TEST_CASE("SLAB's caches, as 2.6.32, 3.10 and 5.4 keep them") {
    for (const Lists era : {Lists::of_2_6_32, Lists::of_3_10, Lists::of_5_4}) {
        CAPTURE(static_cast<int>(era));
        Slab slab(era);
        slab.cache("size-256", 7, 2, 1, 15 + 11);
        slab.cache("ip_mrt_cache", 0, 0, 0, 0);
        const auto list = slab.read();
        CHECK(list.problems.empty());
        REQUIRE(list.caches.size() == 2);
        const SlabCache& first = list.caches[0];
        CHECK(first.name == "size-256");
        CHECK(first.slabs == 10);
        CHECK(first.total_objects == 150);
        CHECK(first.active_objects == 150 - 26);
        CHECK(first.partial_slabs == 2);
        CHECK(first.objects_per_slab == 15);
        CHECK(first.pages_per_slab == 2);
        CHECK(first.size == 256);
        CHECK(first.object_size == 256);
        CHECK(first.reclaimable);
        CHECK(list.caches[1].total_objects == 0);
    }
}

TEST_CASE("a list of SLAB's slabs that loops is told, and the other caches stand") {
    Slab slab(Lists::of_2_6_32);
    const auto node = slab.cache("broken", 1, 1, 0, 3);
    slab.cache("size-512", 1, 0, 0, 3);
    const auto stray = slab.fake.allocate(16);
    slab.fake.put_u64(stray, stray);
    slab.fake.put_u64(node + 16, stray);
    const auto list = slab.read();
    REQUIRE(list.problems.size() == 1);
    CHECK(list.problems[0].message.find("broken") != std::string::npos);
    REQUIRE(list.caches.size() == 2);
    CHECK(list.caches[1].active_objects == 12);
}

}  // namespace slab_caches_test
