#include "kernel/mm/hugetlb.h"

#include <fmt/format.h>

#include "base/checked.h"

namespace postmortem {
namespace {

constexpr std::uint32_t most_hstates = 16;  // HUGE_MAX_HSTATE is 4 at most
constexpr std::uint64_t highest_page_order = 30;

}  // namespace

Result<std::vector<HugePagePool>> read_huge_page_pools(const Kernel& kernel) {
    const auto table = kernel.symbol("hstates");
    if (!table && table.error().code == ErrorCode::NotFound)
        return std::vector<HugePagePool>();  // CONFIG_HUGETLBFS=n
    if (!table) return fail(table.error());
    // Under that name since 3.6 (47d38344abd0).
    auto count = kernel.number<std::uint32_t>("hugetlb_max_hstate");
    if (!count && count.error().code == ErrorCode::NotFound)
        count = kernel.number<std::uint32_t>("max_hstate");
    if (!count) return fail(count.error());
    const auto chosen = kernel.number<std::uint32_t>("default_hstate_idx");
    const auto stride = kernel.types().size_of("hstate");
    if (!stride) return fail(stride.error());
    if (*count > most_hstates)
        return fail(ErrorCode::Corrupt, fmt::format("the kernel claims {} sizes of huge pages", *count));
    std::vector<HugePagePool> pools;
    for (std::uint32_t i = 0; i < *count; ++i) {
        const Object state = kernel.object("hstate", *table + i * *stride);
        const auto order = state["order"].u64(), total = state["nr_huge_pages"].u64(),
                   free = state["free_huge_pages"].u64(), reserved = state["resv_huge_pages"].u64(),
                   surplus = state["surplus_huge_pages"].u64();
        for (const auto* value : {&order, &total, &free, &reserved, &surplus})
            if (!*value) return fail(value->error());
        if (*order > highest_page_order)
            return fail(ErrorCode::Corrupt, fmt::format("a huge page of order {}", *order), state.address());
        HugePagePool pool{
            std::uint64_t{kernel.dump().page_size()} << *order, *total, *free, *reserved, *surplus, false};
        if (!checked_mul(pool.page_bytes, pool.total))
            return fail(ErrorCode::Corrupt, "an impossible number of huge pages", state.address());
        pool.is_default = chosen && *chosen == i;
        pools.push_back(pool);
    }
    return pools;
}

}  // namespace postmortem
