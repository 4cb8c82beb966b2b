#include "kernel/data_by_code.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include <postmortem/lost_pages.h>

namespace postmortem {
namespace {

constexpr std::uint64_t longest_function = 64u << 10;
constexpr std::uint64_t smallest_alignment = 4;

/// What touches a variable, and but for that nothing in common. A function that this kernel has not, or that
/// became a part of others, is passed over; where several are known, one alone proves nothing.
struct Traces {
    const char* variable;
    std::vector<const char*> touch;      ///< all of these do
    std::vector<const char*> pass_by{};  ///< these do not, but touch what else the former do
    const char* calls =
        nullptr;  ///< the first of `touch` does: older and newer kernels keep another thing there
    bool struct_starts_lowest = false;  ///< they touch several of its members
};

// Held against the symbols of Debian's arm64 5.10, 6.1 and 6.12. (s390x goes through a table since it can be
// moved, 6.10, and is not followed.)
const std::vector<Traces>& known_traces() {
    static const std::vector<Traces> all = {
        // kernel/panic.c, kernel/kexec_core.c
        {"tainted_mask", {"get_taint"}},
        {"panic_on_oops", {"kexec_should_crash", "die"}},
        {"panic_on_warn", {"check_panic_on_warn", "panic"}},
        {"panic_on_taint", {"add_taint", "proc_taint"}},
        {"crashk_res", {"crash_get_memory_size", "sanity_check_segment_list"}, {}, nullptr, true},
        {"watchdog_enabled", {"lockup_detector_soft_poweroff"}},
        // fs, init
        {"saved_command_line", {"cmdline_proc_show"}},
        {"super_blocks", {"user_get_super", "sget_fc"}, {"drop_super", "put_super"}},
        {"dmi_ident", {"dmi_get_system_info"}},
        // kernel/time, kernel/softirq.c, kernel/irq
        {"tk_core", {"ktime_get_coarse_real_ts64", "timekeeping_max_deferment"}},
        {"shadow_timekeeper",
         {"timekeeping_update", "timekeeping_advance"},
         {"change_clocksource", "do_settimeofday64"}},
        {"softirq_vec", {"open_softirq"}},
        {"irq_desc_tree", {"irq_to_desc"}, {}, "radix_tree_lookup"},
        {"sparse_irqs", {"irq_to_desc"}, {}, "mtree_load"},  // since 6.5 (721255b9826b)
        // kernel/workqueue.c, kernel/sched
        {"worker_pool_idr", {"work_busy", "__flush_work"}},
        {"workqueues", {"freeze_workqueues_busy", "show_all_workqueues", "show_workqueue_state"}},
        {"root_task_group", {"task_wants_autogroup", "attach_entity_cfs_rq"}},
        // mm
        {"vmstat_text", {"vmstat_show", "zoneinfo_show_print", "node_read_vmstat"}},
        {"slab_caches", {"slab_show", "slub_cpu_dead"}},
        {"hstates", {"size_to_hstate", "hugetlb_reserve_pages"}},
        {"hugetlb_max_hstate", {"size_to_hstate"}, {"hugetlb_reserve_pages"}},
        {"memory_blocks", {"find_memory_block", "remove_memory_block", "unregister_memory"}},
        {"nr_vmalloc_pages", {"vmalloc_nr_pages"}},
        {"num_poisoned_pages", {"clear_hwpoisoned_pages", "page_handle_poison"}},
        {"pcpu_nr_populated", {"pcpu_nr_pages", "pcpu_chunk_populated"}},
        {"pcpu_nr_units", {"pcpu_nr_pages"}, {"pcpu_chunk_populated"}},
        {"root_mem_cgroup", {"mem_cgroup_css_released"}},
        {"default_hstate_idx",
         {"hugetlb_report_node_meminfo", "hugetlb_overcommit_handler"},
         {"hugetlb_reserve_pages"}},
        {"swap_info", {"swp_swap_info", "page_swap_info"}, {"swapcache_free_entries"}},
        {"nr_swapfiles", {"swapcache_free_entries"}},
        {"sysctl_overcommit_kbytes", {"overcommit_ratio_handler", "vm_commit_limit"}},
        {"sysctl_overcommit_memory", {"overcommit_policy_handler", "do_mmap"}},
        {"sysctl_overcommit_ratio", {"overcommit_kbytes_handler"}},
        {"totalcma_pages",
         {"meminfo_proc_show", "__show_mem", "show_mem"},
         {"page_handle_poison", "clear_hwpoisoned_pages", "si_meminfo", "si_mem_available"}},
        {"total_swap_pages", {"vm_commit_limit", "proc_oom_score"}},
        {"totalreserve_pages", {"calculate_totalreserve_pages"}},
        {"vm_committed_as", {"vm_memory_committed"}},
    };
    return all;
}

/// Of what a kernel may be built without, and a function that each one with it has.
struct Part {
    const char* variable;
    std::vector<const char*> functions;  ///< one of them
};

const std::vector<Part>& parts() {
    static const std::vector<Part> all = {
        {"zswap_stored_pages", {"zswap_store", "zswap_frontswap_store"}},  // the former since 6.7
        {"watchdog_ev", {"watchdog_overflow_callback"}},
        {"hardlockup_panic",
         {"watchdog_overflow_callback", "watchdog_hardlockup_check", "soft_nmi_interrupt"}},
        {"transparent_hugepage_flags", {"khugepaged"}},
        {"cma_area_count", {"cma_alloc"}},
    };
    return all;
}

const Traces* traces_of(std::string_view name) {
    const auto& all = known_traces();
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const Traces& one) { return one.variable == name; });
    return found == all.end() ? nullptr : &*found;
}

}  // namespace

DataByCode::DataByCode(const Arch& arch, const AddressSpace& memory, const SymbolTable& symbols)
    : arch_(arch), memory_(memory), symbols_(symbols) {}

std::vector<std::string_view> DataByCode::names() {
    std::vector<std::string_view> all;
    for (const Traces& one : known_traces()) all.emplace_back(one.variable);
    return all;
}

bool DataByCode::is_absent(std::string_view name) const {
    for (const Part& part : parts())
        if (part.variable == name)
            return std::all_of(part.functions.begin(), part.functions.end(), [&](const char* function) {
                const auto known = symbols_.address_of(function);
                return !known && known.error().code == ErrorCode::NotFound;
            });
    return false;
}

// The memory of the kernel's start holds something else by now.
bool DataByCode::is_freed(std::uint64_t function) const {
    const auto start = symbols_.address_of("_sinittext"), end = symbols_.address_of("_einittext");
    return start && end && function >= *start && function < *end;
}

bool DataByCode::has_name(std::uint64_t place) const {
    const auto hit = symbols_.containing(place);
    return hit && hit->symbol.address == place;
}

std::optional<DataByCode::Code> DataByCode::code_of(std::string_view function) const {
    const auto start = symbols_.address_of(function);
    if (!start || is_freed(*start)) return std::nullopt;
    const auto extent = symbols_.containing(*start);
    if (!extent || extent->size == 0 || extent->size > longest_function) return std::nullopt;
    const LossesHandled nothing_is_told_by_it;
    auto bytes = memory_.bytes(*start, extent->size);
    return Code{*start, bytes ? std::move(*bytes) : std::vector<std::byte>()};
}

std::optional<DataByCode::Places> DataByCode::touched_by(std::string_view function) const {
    const auto code = code_of(function);
    if (!code) return std::nullopt;
    Places places = arch_.code.data_places(code->bytes, code->start);
    std::sort(places.begin(), places.end());
    places.erase(std::unique(places.begin(), places.end()), places.end());
    return places;
}

DataByCode::Places DataByCode::touched_by_all(std::span<const char* const> functions) const {
    std::optional<Places> common;
    std::size_t agree = 0;
    for (const char* function : functions) {
        auto touched = touched_by(function);
        if (!touched) continue;
        ++agree;
        Places both;
        if (common)
            std::set_intersection(common->begin(), common->end(), touched->begin(), touched->end(),
                                  std::back_inserter(both));
        common = common ? std::move(both) : std::move(*touched);
    }
    return agree >= std::min<std::size_t>(functions.size(), 2) ? std::move(*common) : Places();
}

bool DataByCode::calls(const char* function, const char* other) const {
    const auto code = code_of(function);
    const auto target = symbols_.address_of(other);
    return code && target && arch_.code.calls.reaches &&
           arch_.code.calls.reaches(code->bytes, memory_.endian(), code->start, *target);
}

Result<std::uint64_t> DataByCode::find(std::string_view name) const {
    const Error unknown(ErrorCode::NotFound, fmt::format("no code tells where {} lies", name));
    const Traces* traces = arch_.code.data_places ? traces_of(name) : nullptr;
    if (!traces || (traces->calls && !calls(traces->touch.front(), traces->calls))) return fail(unknown);
    Places places = touched_by_all(traces->touch);
    for (const char* other : traces->pass_by)
        if (const auto touched = touched_by(other))
            std::erase_if(places, [&](std::uint64_t place) {
                return std::binary_search(touched->begin(), touched->end(), place);
            });
    std::erase_if(places, [&](std::uint64_t place) {
        return place % smallest_alignment != 0 || has_name(place) || !memory_.translate(place);
    });
    const bool is_known = places.size() == 1 || (traces->struct_starts_lowest && !places.empty());
    return is_known ? Result<std::uint64_t>(places.front()) : fail(unknown);
}

Result<std::uint64_t> DataByCode::address_of(std::string_view name) const {
    const std::lock_guard guard(lock_);
    const auto known = known_.find(name);
    if (known != known_.end()) return known->second;
    return known_.emplace(name, find(name)).first->second;
}

}  // namespace postmortem
