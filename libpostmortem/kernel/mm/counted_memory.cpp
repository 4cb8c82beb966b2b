#include "kernel/mm/counted_memory.h"

#include "kernel/unwind/stacks.h"
#include "object/field.h"

namespace postmortem {
namespace {

constexpr std::uint64_t pages_in_huge_page = 512;

}  // namespace

Result<std::uint64_t> mapped_anonymous_pages(const Kernel& kernel, const VmCounters& counters) {
    // NR_ANON_PAGES until 4.7 (4b9d0fab7166)
    const auto pages = counters.get({"NR_ANON_MAPPED", "NR_ANON_PAGES"});
    // Huge pages are among them since 3.12 (3cd14fcd3f12), the release of the shrinkers that count
    // (24f7c6b981fb).
    if (!pages || Field::find(kernel.types(), "shrinker", {"count_objects"})) return pages;
    const auto huge = counters.get({"NR_ANON_THPS", "NR_ANON_TRANSPARENT_HUGEPAGES"});
    return *pages + huge.value_or(0) * pages_in_huge_page;
}

Result<std::uint64_t> kernel_stack_bytes(const Kernel& kernel, const VmCounters& counters) {
    // In KiB since 4.8 (d30dd8be06c2), in stacks before.
    if (const auto kib = counters.get("NR_KERNEL_STACK_KB")) return *kib * 1024;
    const auto stacks = counters.get("NR_KERNEL_STACK");
    if (!stacks) return stacks;
    return *stacks * Stacks(kernel).of_task(0).high;
}

}  // namespace postmortem
