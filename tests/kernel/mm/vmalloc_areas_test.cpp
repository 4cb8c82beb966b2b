// The vmalloc areas of kernels that the lab does not have.
#include "kernel/mm/vmalloc_areas.h"

#include <doctest/doctest.h>

#include "support/fake_kernel.h"

namespace vmalloc_areas_test {

using namespace postmortem;
using test::FakeKernel;

namespace {

// struct vm_struct, and struct vmap_area with or without the name of its pointer to it
void declare(FakeKernel& fake, bool named) {
    auto& b = fake.types();
    const auto u64 = b.integer("unsigned long", 8), u32 = b.integer("unsigned int", 4);
    const auto list = b.structure("list_head", 16, {{"next", u64, 0}, {"prev", u64, 64}});
    b.structure("vm_struct", 64,
                {{"next", u64, 0},
                 {"addr", u64, 64},
                 {"size", u64, 128},
                 {"flags", u64, 192},
                 {"nr_pages", u32, 320},
                 {"caller", u64, 448}});
    b.structure("vmap_area", 64,
                {{"va_start", u64, 0}, {"list", list, 128}, {named ? "vm" : "private", u64, 320}});
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
    const auto head = fake.variable("vmap_area_list", 16), freed = fake.allocate(64);
    fake.link_list(head, {freed + 16});
    fake.put_u64(freed + 40, 0xdead000000000000);
    const auto areas = read_vmalloc_areas(*fake.open());
    CHECK(areas.problems.empty());
    REQUIRE(areas.areas.size() == 2);
    CHECK(areas.areas[0].address == 0xffffc90000000000);
    CHECK(areas.areas[1].bytes == 16384);
    CHECK(areas.areas[1].pages == 3);
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

}  // namespace vmalloc_areas_test
