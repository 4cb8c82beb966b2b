#include "kernel/mm/swap_areas.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/problem_collector.h"
#include "kernel/fs/paths.h"
#include "kernel/lists.h"

namespace postmortem {
namespace {

constexpr std::uint32_t most_swap_areas = 64;    // MAX_SWAPFILES is 32 less the special ones
constexpr std::uint64_t most_spaces = 1u << 22;  // one for each 64 MiB of swap
constexpr std::size_t most_zswap_pools = 256;

// SWP_USED and SWP_WRITEOK (include/linux/swap.h), never renumbered.
constexpr std::uint64_t swap_used = 1, swap_writable = 2;
// SWAP_USAGE_OFFLIST_BIT (6.13 on, b228386cf37c): not part of the number.
constexpr std::uint64_t usage_flag = 1ull << 30;

constexpr std::uint64_t mode_type_mask = 0170000, mode_block_device = 0060000;

Result<SwapAreaState> read_area(const Kernel& kernel, const Object& info, ProblemCollector& problems) {
    SwapAreaState area;
    const Object used = info["inuse_pages"];
    const auto pages = info["pages"].u64(), in_use = used.u64(), flags = info["flags"].u64();
    const auto priority = info["prio"].i64();
    if (!pages || !in_use || !flags || !priority)
        return fail(!pages    ? pages.error()
                    : !in_use ? in_use.error()
                    : !flags  ? flags.error()
                              : priority.error());
    area.pages = *pages;
    // The flag came with the atomic_long_t.
    area.used_pages = used.type().kind == TypeKind::Struct ? *in_use & ~usage_flag : *in_use;
    area.priority = *priority;
    area.going_away = (*flags & swap_writable) == 0;
    area.block_device = info["bdev"].u64_or(0);
    const Object file = info["swap_file"];
    // f_inode since 3.9 (dd37978c50bc).
    const Object inode = file.has("f_inode") ? file["f_inode"] : file["f_path"]["dentry"]["d_inode"];
    const auto mode = inode["i_mode"].u64();
    if (mode)
        area.is_device = (*mode & mode_type_mask) == mode_block_device;
    else
        problems.add("whether a swap area is a file", mode.error());
    if (auto path = path_of_file(kernel, file))
        area.path = std::move(*path);
    else
        problems.add("the name of a swap area", path.error());
    return area;
}

Result<std::uint64_t> pages_in_zpool(const Object& pool) {
    // zs_pool since 6.18 (zswap knows zsmalloc alone); pages_allocated is zsmalloc's own total.
    return pool["zs_pool"]["pages_allocated"].u64();
}

Result<std::uint64_t> zswap_bytes(const Kernel& kernel) {
    // Until 6.8 one number (bf9b7df23cb3).
    if (const auto total = kernel.number<std::uint64_t>("zswap_pool_total_size")) return *total;
    const auto pools = kernel.symbol("zswap_pools");
    const auto offset = kernel.types().offset_of("zswap_pool", "list");
    if (!pools || !offset) return fail(!pools ? pools.error() : offset.error());
    std::uint64_t pages = 0;
    std::optional<Error> broken;
    const auto walk = for_each_list_node(
        kernel.memory(), *pools,
        [&](std::uint64_t node) {
            const auto some = pages_in_zpool(kernel.object("zswap_pool", node - *offset));
            if (!some)
                broken = some.error();
            else
                pages += *some;
            return some.has_value();
        },
        most_zswap_pools);
    if (!walk) return fail(walk.error());
    if (broken) return fail(*broken);
    return pages * kernel.dump().page_size();
}

}  // namespace

SwapState read_swap(const Kernel& kernel) {
    SwapState state;
    ProblemCollector problems;
    const auto table = kernel.symbol("swap_info");
    const auto count = kernel.number<std::uint32_t>("nr_swapfiles");
    if (!table || !count) {
        problems.add("the swap areas", !table ? table.error() : count.error());
        state.problems = problems.take();
        return state;
    }
    std::uint64_t to_be_unused = 0;
    for (std::uint32_t i = 0; i < std::min(*count, most_swap_areas); ++i) {
        const auto place = kernel.memory().word(*table + std::uint64_t{kernel.memory().word_size()} * i);
        if (!place) {
            problems.add("a swap area", place.error());
            continue;
        }
        const Object info = kernel.object("swap_info_struct", *place);
        if (*place == 0 || (info["flags"].u64_or(swap_used) & swap_used) == 0) continue;
        auto area = read_area(kernel, info, problems);
        if (!area) {
            problems.add("a swap area", area.error());
            continue;
        }
        area->address = *place;
        area->number = i;
        if (area->going_away) to_be_unused += area->used_pages;
        state.areas.push_back(std::move(*area));
    }
    // What is being swapped off has left both totals, and si_swapinfo() adds what is still there.
    const auto total = kernel.word("total_swap_pages");
    const auto free = kernel.word("nr_swap_pages");
    if (total && free)
        state.totals = {*total + to_be_unused, *free + to_be_unused};
    else
        problems.add("the totals of swap", !total ? total.error() : free.error());
    state.problems = problems.take();
    return state;
}

Result<std::uint64_t> count_swap_cache(const Kernel& kernel) {
    const auto stride = kernel.types().size_of("address_space");
    const auto offset = kernel.types().offset_of("address_space", "nrpages");
    if (!stride || !offset) return fail(!stride ? stride.error() : offset.error());
    // One space for all areas until 3.8.
    if (const auto only = kernel.symbol("swapper_space")) return kernel.memory().word(*only + *offset);
    const auto spaces = kernel.symbol("swapper_spaces"), counts = kernel.symbol("nr_swapper_spaces");
    const auto areas = kernel.number<std::uint32_t>("nr_swapfiles");
    if (!spaces) return fail(spaces.error());
    if (!areas) return fail(areas.error());
    std::uint64_t pages = 0;
    for (std::uint32_t i = 0; i < std::min(*areas, most_swap_areas); ++i) {
        // One for each area until 4.10 (4b3ef9daa4fc); RHEL 7 has the later form.
        if (!counts) {
            const auto some = kernel.memory().word(*spaces + i * *stride + *offset);
            if (!some) return some;
            pages += *some;
            continue;
        }
        const auto array = kernel.memory().word(*spaces + std::uint64_t{kernel.memory().word_size()} * i);
        const auto count = kernel.memory().get<std::uint32_t>(*counts + 4ull * i);
        if (!array || !count) return fail(!array ? array.error() : count.error());
        for (std::uint64_t j = 0; *array != 0 && j < std::min<std::uint64_t>(*count, most_spaces); ++j) {
            const auto some = kernel.memory().word(*array + j * *stride + *offset);
            if (!some) return some;
            pages += *some;
        }
    }
    return pages;
}

Result<ZswapState> read_zswap(const Kernel& kernel) {
    const auto place = kernel.symbol("zswap_stored_pages");
    if (!place) return fail(place.error());
    ZswapState state;
    // An atomic_long_t since 6.11 (6e1fa555ec77), an atomic_t before: both start with the low half.
    const bool wide = !kernel.symbol("zswap_pool_total_size") && !kernel.types().find_struct("zswap_tree");
    const auto stored = wide ? kernel.memory().word(*place)
                             : kernel.memory().get<std::uint32_t>(*place).map(
                                   [](std::uint32_t value) { return std::uint64_t{value}; });
    if (!stored) return fail(stored.error());
    state.stored_pages = *stored;
    const auto bytes = zswap_bytes(kernel);
    if (!bytes) return fail(bytes.error());
    state.pool_bytes = *bytes;
    if (const auto enabled = kernel.number<std::uint8_t>("zswap_enabled")) state.enabled = *enabled != 0;
    return state;
}

}  // namespace postmortem
