#include "kernel/mm/memcg_stat_names.h"

#include <algorithm>

#include "object/field.h"

namespace postmortem {
namespace {

constexpr std::size_t most_items = 256;
constexpr std::size_t longest_word = 64;

// memcg_page_state_unit()
std::int64_t unit_of(std::string_view name, std::uint64_t ratio, std::int64_t page_size) {
    if (ratio > 0) return static_cast<std::int64_t>(std::min<std::uint64_t>(ratio, 1u << 30));
    if (name.starts_with("workingset_") || name.starts_with("pg")) return 1;
    if (name == "kernel_stack") return 1024;
    if (name == "percpu" || name == "zswap" || name.starts_with("slab")) return 1;
    return page_size;
}

Result<std::vector<MemcgStatName>> from_table(const Kernel& kernel, std::uint64_t table) {
    const auto size = kernel.types().size_of("memory_stat");
    const auto name = Field::find(kernel.types(), "memory_stat", {"name"});
    const auto item = Field::find(kernel.types(), "memory_stat", {"idx"});
    const auto ratio = Field::find(kernel.types(), "memory_stat", {"ratio"});  // in 5.10 alone
    if (!size || !name || !item || *size == 0)
        return fail(ErrorCode::MissingDebugInfo, "struct memory_stat is not known");
    const auto hit = kernel.symbol_at(table);
    if (!hit) return fail(hit.error());
    const auto count = std::min<std::uint64_t>(hit->size / *size, most_items);
    const AddressSpace& memory = kernel.memory();
    std::vector<MemcgStatName> names;
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::uint64_t entry = table + i * *size;
        const auto text = name->u64(memory, entry);
        if (!text) return fail(text.error());
        if (*text == 0) break;  // what pads the table
        auto word = memory.c_string(*text, longest_word);
        const auto number = item->u64(memory, entry);
        if (!word) return fail(word.error());
        if (!number) return fail(number.error());
        const std::uint64_t factor = ratio ? ratio->u64_or(memory, entry, 0) : 0;
        const auto unit = unit_of(*word, factor, kernel.dump().page_size());
        names.push_back({std::move(*word), *number, unit});
    }
    if (names.empty()) return fail(ErrorCode::Corrupt, "the table of statistics is empty", table);
    return names;
}

enum class Unit { Pages, PagesOfList, KiB, Bytes, Count };

struct ShownBefore {
    const char* word;
    const char* enumerator;
    Unit unit;
};

// memory_stat_show() and memory_stat_format(), 4.2 to 5.9, and what version 1 shows of the same numbers.
constexpr ShownBefore shown_before[] = {
    // Where groups have numbers of their own for these (until 5.8, be5d0a74c62d) the machine's are not kept.
    {"anon", "MEMCG_RSS", Unit::Pages},
    {"anon", "NR_ANON_MAPPED", Unit::Pages},
    {"file", "MEMCG_CACHE", Unit::Pages},
    {"file", "NR_FILE_PAGES", Unit::Pages},
    {"kernel_stack", "MEMCG_KERNEL_STACK_KB", Unit::KiB},
    {"percpu", "MEMCG_PERCPU_B", Unit::Bytes},
    {"sock", "MEMCG_SOCK", Unit::Pages},
    {"shmem", "NR_SHMEM", Unit::Pages},
    {"file_mapped", "NR_FILE_MAPPED", Unit::Pages},
    {"file_dirty", "NR_FILE_DIRTY", Unit::Pages},
    {"file_writeback", "NR_WRITEBACK", Unit::Pages},
    {"anon_thp", "MEMCG_RSS_HUGE", Unit::Pages},
    {"swap", "MEMCG_SWAP", Unit::Pages},
    {"inactive_anon", "NR_INACTIVE_ANON", Unit::PagesOfList},
    {"active_anon", "NR_ACTIVE_ANON", Unit::PagesOfList},
    {"inactive_file", "NR_INACTIVE_FILE", Unit::PagesOfList},
    {"active_file", "NR_ACTIVE_FILE", Unit::PagesOfList},
    {"unevictable", "NR_UNEVICTABLE", Unit::PagesOfList},
    {"slab_reclaimable", "NR_SLAB_RECLAIMABLE_B", Unit::Bytes},
    {"slab_reclaimable", "NR_SLAB_RECLAIMABLE", Unit::Pages},
    {"slab_unreclaimable", "NR_SLAB_UNRECLAIMABLE_B", Unit::Bytes},
    {"slab_unreclaimable", "NR_SLAB_UNRECLAIMABLE", Unit::Pages},
    {"workingset_refault", "WORKINGSET_REFAULT", Unit::Count},
    {"workingset_activate", "WORKINGSET_ACTIVATE", Unit::Count},
    {"workingset_nodereclaim", "WORKINGSET_NODERECLAIM", Unit::Count},
};

// enum mem_cgroup_stat_index, until 4.11 (71cd31135d4c): a numbering of its own.
constexpr ShownBefore shown_by_index[] = {
    {"anon", "MEM_CGROUP_STAT_RSS", Unit::Pages},
    {"file", "MEM_CGROUP_STAT_CACHE", Unit::Pages},
    {"kernel_stack", "MEMCG_KERNEL_STACK_KB", Unit::KiB},
    {"slab_reclaimable", "MEMCG_SLAB_RECLAIMABLE", Unit::Pages},
    {"slab_unreclaimable", "MEMCG_SLAB_UNRECLAIMABLE", Unit::Pages},
    {"sock", "MEMCG_SOCK", Unit::Pages},
    {"file_mapped", "MEM_CGROUP_STAT_FILE_MAPPED", Unit::Pages},
    {"file_dirty", "MEM_CGROUP_STAT_DIRTY", Unit::Pages},
    {"file_writeback", "MEM_CGROUP_STAT_WRITEBACK", Unit::Pages},
    {"anon_thp", "MEM_CGROUP_STAT_RSS_HUGE", Unit::Pages},
    {"swap", "MEM_CGROUP_STAT_SWAP", Unit::Pages},
    {"swap", "MEM_CGROUP_STAT_SWAPOUT", Unit::Pages},
};

Result<std::vector<MemcgStatName>> by_enumerators(const Kernel& kernel,
                                                  std::initializer_list<std::string_view> enums,
                                                  std::span<const ShownBefore> shown) {
    const auto bytes_in = [&](Unit unit) -> std::int64_t {
        if (unit == Unit::Pages || unit == Unit::PagesOfList) return kernel.dump().page_size();
        return unit == Unit::KiB ? 1024 : 1;
    };
    // The lengths of a group's lists were kept elsewhere until 5.2 (22796c844f1f), which brought
    // vmstats_local, too.
    const bool counts_lists = kernel.types().offset_of("mem_cgroup", "vmstats_local").has_value();
    std::vector<MemcgStatName> names;
    for (const ShownBefore& line : shown) {
        if (!names.empty() && names.back().word == line.word) continue;
        if (line.unit == Unit::PagesOfList && !counts_lists) continue;
        for (const std::string_view numbering : enums) {
            const auto number = kernel.types().enumerator(numbering, line.enumerator);
            if (!number || *number < 0) continue;
            names.push_back({line.word, static_cast<std::uint64_t>(*number), bytes_in(line.unit)});
            break;
        }
    }
    if (names.empty())
        return fail(ErrorCode::Unsupported,
                    "which statistics this kernel keeps of control groups is not known");
    return names;
}

}  // namespace

Result<std::vector<MemcgStatName>> read_memcg_stat_names(const Kernel& kernel) {
    // Since 5.10 (5f9a4f4a7096).
    if (const auto table = kernel.symbol("memory_stats")) return from_table(kernel, *table);
    if (auto names = by_enumerators(kernel, {"mem_cgroup_stat_index"}, shown_by_index)) return names;
    return by_enumerators(kernel, {"memcg_stat_item", "node_stat_item"}, shown_before);
}

}  // namespace postmortem
