// The vmalloc areas of kernels that the lab does not have.
#include "kernel/mm/vmalloc_areas.h"

#include <doctest/doctest.h>

#include "kernel/mm/vmalloc_use.h"
#include "support/fake_kernel.h"

namespace vmalloc_areas_test {

using namespace postmortem;
using test::FakeKernel;

namespace {

// struct vm_struct, and struct vmap_area with or without the name of its pointer to it
void declare(FakeKernel& fake, bool named) {
    auto& b = fake.types();
    const std::uint32_t bytes = fake.word(), word = bytes * 8;
    const auto number = b.integer("unsigned long", bytes), u32 = b.integer("unsigned int", 4);
    const auto list = b.structure("list_head", 2 * bytes, {{"next", number, 0}, {"prev", number, word}});
    b.structure("vm_struct", 8 * bytes,
                {{"next", number, 0},
                 {"addr", number, word},
                 {"size", number, 2 * word},
                 {"flags", number, 3 * word},
                 {"nr_pages", u32, 5 * word},
                 {"caller", number, 7 * word}});
    b.structure("vmap_area", 8 * bytes,
                {{"va_start", number, 0},
                 {"va_end", number, word},
                 {"list", list, 2 * word},
                 {"flags", number, 4 * word},
                 {named ? "vm" : "private", number, 5 * word}});
}

std::uint64_t vm_struct(FakeKernel& fake, std::uint64_t address, std::uint64_t bytes) {
    const auto at = fake.allocate(64);
    fake.put_u64(at + 8, address);
    fake.put_u64(at + 16, bytes);
    fake.put_u64(at + 24, 2);
    fake.put<std::uint32_t>(at + 40, static_cast<std::uint32_t>(bytes / 4096 - 1));
    return at;
}

}  // namespace

TEST_CASE("until 3.2 the areas are those of vmlist; an area's nameless pointer outlives its struct") {
    FakeKernel fake;
    declare(fake, false);
    const auto first = vm_struct(fake, 0xffffc90000000000, 8192),
               second = vm_struct(fake, 0xffffc90000010000, 16384);
    fake.put_u64(fake.variable("vmlist"), first);
    fake.put_u64(first, second);
    const auto head = fake.variable("vmap_area_list", 16), freed = fake.allocate(64),
               anew = fake.allocate(64), of_second = fake.allocate(64);
    fake.link_list(head, {freed + 16, anew + 16, of_second + 16});
    fake.put_u64(freed + 40, 0xdead000000000000);
    fake.put_u64(anew, 0xffffc90000040000);
    fake.put_u64(anew + 40, second);
    fake.put_u64(of_second, 0xffffc90000010000);
    fake.put_u64(of_second + 40, second);
    const auto areas = read_vmalloc_areas(*fake.open());
    CHECK(areas.problems.empty());
    REQUIRE(areas.areas.size() == 2);
    CHECK(areas.areas[0].address == 0xffffc90000000000);
    CHECK(areas.areas[1].bytes == 16384);
    CHECK(areas.areas[1].pages == 3);
    CHECK(areas.areas[0].area == 0);
    CHECK(areas.areas[1].area == of_second);
}

TEST_CASE("a vmlist that loops has an end, and is told") {
    FakeKernel fake;
    declare(fake, false);
    const auto first = vm_struct(fake, 0xffffc90000000000, 8192);
    fake.put_u64(fake.variable("vmlist"), first);
    fake.put_u64(first, first);
    CHECK(read_vmalloc_areas(*fake.open()).problems.size() == 1);
}

TEST_CASE("since 3.3 the areas are those of vmap_area_list, whatever vmlist holds") {
    FakeKernel fake;
    declare(fake, true);
    const auto vm = vm_struct(fake, 0xffffc90000000000, 8192), area = fake.allocate(64),
               going = fake.allocate(64);
    fake.put_u64(fake.variable("vmlist"), 0);
    fake.link_list(fake.variable("vmap_area_list", 16), {area + 16, going + 16});
    fake.put_u64(area + 40, vm);
    const auto areas = read_vmalloc_areas(*fake.open());
    CHECK(areas.problems.empty());
    CHECK(areas.areas.size() == 1);
    CHECK(areas.nameless == 1);
}

// From 3.10 to 4.3 (RHEL 7) each area counts, with a struct or without, unless it was given back.
TEST_CASE("address space that is taken, and the largest hole in it") {
    constexpr std::uint64_t start = 0xffffc90000000000, space = (32ull << 40) - 1;
    for (const unsigned way : {0u, 1u, 2u, 3u}) {
        const bool randomised = (way & 1) != 0, at_end = (way & 2) != 0;
        CAPTURE(way);
        const std::uint64_t base = randomised ? 0xffffb40000000000 : start;
        FakeKernel fake;
        declare(fake, true);
        if (randomised) fake.put_u64(fake.variable("vmalloc_base"), base);
        const auto head = fake.variable("vmap_area_list", 16);
        const auto add = [&](std::uint64_t from, std::uint64_t to, std::uint64_t flags) {
            const auto area = fake.allocate(64);
            fake.put_u64(area, from);
            fake.put_u64(area + 8, to);
            fake.put_u64(area + 32, flags);
            return area + 16;
        };
        const std::uint64_t last = at_end ? base + space - 0x3000 : base + 0x20000;
        const auto below = add(base - 0x10000, base - 0x8000, 4), first = add(base, base + 0x3000, 4),
                   lazy = add(base + 0x3000, base + 0x9000, 1), going = add(base + 0x9000, base + 0xa000, 2),
                   second = add(last, last + (at_end ? 0x2000 : 0x5000), 0),
                   beyond = add(base + space + 1, base + space + 0x1001, 4);
        fake.link_list(head, {below, first, lazy, going, second, beyond});
        const auto use = read_vmalloc_use(*fake.open());
        REQUIRE(use);
        CHECK(use->used_bytes == (at_end ? 0x5000 : 0x8000));
        // The largest hole lies behind the last area, or between two.
        CHECK(use->largest_chunk == (at_end ? space - 0x6000 : space - 0x25000));
    }
}

TEST_CASE("while the structs formed a chain, they are what was added up") {
    FakeKernel fake;
    declare(fake, false);
    const auto first = vm_struct(fake, 0xffffc90000000000, 8192),
               second = vm_struct(fake, 0xffffc90000010000, 16384);
    fake.put_u64(fake.variable("vmlist"), first);
    fake.put_u64(first, second);
    fake.variable("vmap_area_list", 16);
    const auto use = read_vmalloc_use(*fake.open());
    REQUIRE(use);
    CHECK(use->used_bytes == 24576);
    CHECK(use->largest_chunk == (32ull << 40) - 1 - 0x14000);
}

TEST_CASE(
    "on i386 vmalloc space lies between low memory and the place where high memory is mapped for a while") {
    FakeKernel fake(test::FakeBuild::I386Pae);
    declare(fake, false);
    constexpr std::uint64_t high_memory = 0xf7800000, start = 0xf8000000, pkmap = 0xff800000;
    const std::uint64_t table = fake.page_table_of(pkmap);
    fake.put_word(fake.variable("high_memory", 4), high_memory);
    fake.put_word(fake.variable("pkmap_page_table", 4), table);
    const std::uint64_t area = fake.allocate(32);
    fake.put_word(area + 4, start + 0x10000);
    fake.put_word(area + 8, 0x3000);
    fake.put_word(fake.variable("vmlist", 4), area);
    const auto use = read_vmalloc_use(*fake.open());
    REQUIRE_MESSAGE(use, use.error().message);
    CHECK(use->used_bytes == 0x3000);
    CHECK(use->largest_chunk == pkmap - 0x2000 - (start + 0x13000));
}

TEST_CASE("an area that ends before it begins is no number") {
    FakeKernel fake;
    declare(fake, true);
    const auto area = fake.allocate(64), head = fake.variable("vmap_area_list", 16);
    fake.put_u64(area, 0xffffc90000010000);
    fake.put_u64(area + 8, 0xffffc90000000000);
    fake.link_list(head, {area + 16});
    CHECK_FALSE(read_vmalloc_use(*fake.open()));
}

}  // namespace vmalloc_areas_test
