// Which cache a piece of memory belongs to, by the page that it lies in.
#include "kernel/mm/slab_pages.h"

#include <doctest/doctest.h>

#include "support/fake_kernel.h"

namespace slab_pages_test {

using namespace postmortem;
using test::FakeKernel;

namespace {

enum class Allocator { OldSlab, OldSlub, Later };

constexpr std::uint64_t struct_page_bytes = 64, slab_flag = 1u << 7;

/// An object, in the slab of a cache; `frame`: the one that it lies in.
struct Made {
    Made(Allocator allocator, std::uint64_t frame) {
        auto& b = fake.types();
        const auto u64 = b.integer("long unsigned int", 8);
        const auto pointer = b.pointer(u64);
        const auto list = b.structure("list_head", 16, {{"next", pointer, 0}, {"prev", pointer, 64}});
        const char* member = allocator == Allocator::Later ? "slab_cache" : "slab";
        b.structure(
            "page", struct_page_bytes,
            {{"flags", u64, 0}, {"compound_head", u64, 64}, {member, pointer, 128}, {"lru", list, 256}});
        if (allocator == Allocator::OldSlab)
            b.structure("slab", 40, {{"list", list, 0}, {"s_mem", pointer, 192}, {"inuse", u64, 256}});
        b.structure("kmem_cache", 16, {{"name", pointer, 0}});
        const std::uint64_t base = fake.variable("vmemmap_base"), page = fake.allocate_page(),
                            cache = fake.allocate(16), name = fake.allocate(16);
        object = fake.allocate_page();
        fake.tell("NUMBER(PG_slab)=7");
        fake.put_u64(page, slab_flag);
        fake.put_u64(page + (allocator == Allocator::OldSlab ? 32 : 16), cache);
        fake.put_u64(cache, name);
        fake.write(name, "filp");
        fake.put_u64(base, page - frame * struct_page_bytes);
    }

    FakeKernel fake;
    std::uint64_t object = 0;
};

std::string cache_of_an_object(Allocator allocator) {
    Made somewhere(allocator, 0);
    const std::uint64_t place = somewhere.fake.open()->memory().translate(somewhere.object).value();
    Made made(allocator, place / 4096);
    const auto kernel = made.fake.open();
    const auto pages = SlabPages::open(*kernel);
    REQUIRE_MESSAGE(pages, pages.error().message);
    const auto found = pages->cache_of(made.object + 8);
    REQUIRE_MESSAGE(found, found.error().message);
    return *found;
}

}  // namespace

TEST_CASE("a page of a slab names its cache in a member of its own, or in its list") {
    for (const Allocator allocator : {Allocator::OldSlab, Allocator::OldSlub, Allocator::Later}) {
        CAPTURE(static_cast<int>(allocator));
        CHECK(cache_of_an_object(allocator) == "filp");
    }
}

}  // namespace slab_pages_test
