// Counters whose name told what they include, and in which unit.
#include "kernel/mm/counted_memory.h"

#include <doctest/doctest.h>

#include "kernel/mm/vmalloc_areas.h"
#include "support/fake_kernel.h"

namespace counted_memory_test {

using namespace postmortem;
using test::FakeKernel;

namespace {

struct Era {
    const char *anon, *huge, *stacks;
    bool counting_shrinkers;
    std::uint64_t anon_pages, stack_bytes;
};

constexpr Era eras[] = {
    {"NR_ANON_PAGES", "NR_ANON_TRANSPARENT_HUGEPAGES", "NR_KERNEL_STACK", false, 1000 + 3 * 512, 7 * 8192},
    {"NR_ANON_PAGES", "NR_ANON_TRANSPARENT_HUGEPAGES", "NR_KERNEL_STACK", true, 1000, 7 * 8192},
    {"NR_ANON_MAPPED", "NR_ANON_THPS", "NR_KERNEL_STACK_KB", true, 1000, 7 * 1024},
};

}  // namespace

TEST_CASE("anonymous pages and kernel stacks of 2.6.32 and RHEL 7, of 4.4, of 4.8 and later") {
    for (const Era& era : eras) {
        CAPTURE(era.anon_pages);
        FakeKernel fake;
        auto& b = fake.types();
        const auto u64 = b.integer("unsigned long", 8);
        b.enumeration("zone_stat_item",
                      {{era.anon, 0}, {era.huge, 1}, {era.stacks, 2}, {"NR_VM_ZONE_STAT_ITEMS", 3}});
        b.structure("shrinker", 16, {{era.counting_shrinkers ? "count_objects" : "shrink", u64, 0}});
        b.union_of("thread_union", 8192, {{"stack", b.array(u64, 1024), 0}});
        const auto kernel = fake.open();
        VmCounterNames names;
        names.zone = *CounterNames::find(kernel->types(), "zone_stat_item", "NR_VM_ZONE_STAT_ITEMS");
        const VmCounters counters(names, {1000, 3, 7}, {});
        CHECK(mapped_anonymous_pages(*kernel, counters).value_or(0) == era.anon_pages);
        CHECK(kernel_stack_bytes(*kernel, counters).value_or(0) == era.stack_bytes);
    }
}

TEST_CASE("pages of vmalloc without a counter are those of its areas") {
    FakeKernel fake;
    auto& b = fake.types();
    const auto u64 = b.integer("unsigned long", 8), u32 = b.integer("unsigned int", 4);
    const auto list = b.structure("list_head", 16, {{"next", u64, 0}, {"prev", u64, 64}});
    b.structure("vm_struct", 64,
                {{"addr", u64, 64},
                 {"size", u64, 128},
                 {"flags", u64, 192},
                 {"nr_pages", u32, 320},
                 {"caller", u64, 448}});
    b.structure("vmap_area", 64, {{"list", list, 128}, {"vm", u64, 320}});
    const auto allocated = fake.allocate(64), mapped = fake.allocate(64), first = fake.allocate(64),
               second = fake.allocate(64);
    fake.put_u64(allocated + 24, 2);
    fake.put<std::uint32_t>(allocated + 40, 5);
    fake.put_u64(mapped + 24, 1);  // VM_IOREMAP
    fake.put<std::uint32_t>(mapped + 40, 9);
    fake.put_u64(first + 40, allocated);
    fake.put_u64(second + 40, mapped);
    fake.link_list(fake.variable("vmap_area_list", 16), {first + 16, second + 16});
    const auto kernel = fake.open();
    VmCounterNames names;
    const VmCounters counters(names, {}, {});
    CHECK(!counted_vmalloc_pages(*kernel, counters));
    CHECK(vmalloc_pages(*kernel, counters).value_or(0) == 5);
}

}  // namespace counted_memory_test
