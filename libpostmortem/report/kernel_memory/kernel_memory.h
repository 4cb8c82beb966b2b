// The parts of kmem's answers, one function each.
#pragma once

#include <postmortem/kernel_memory.h>

#include "base/problem_collector.h"
#include "kernel/kernel.h"

namespace postmortem {

/// `shared`: with the pages that have several users, too.
void add_memory_totals(const CrashDump& dump, bool shared, KernelMemory& memory, ProblemCollector& problems);

struct CacheChoice {
    std::vector<std::string> names;    ///< empty: all
    std::vector<std::string> ignored;  ///< told by their names alone
};
/// NotFound where a name is of no cache.
Result<void> add_slab_caches(const Kernel& kernel, const CacheChoice& choice, KernelMemory& memory,
                             ProblemCollector& problems);
/// Of a struct kmem_cache: as much as is known.
SlabCacheRow slab_cache_row(const Kernel& kernel, std::uint64_t cache, ProblemCollector& problems);
void add_zones(const Kernel& kernel, KernelMemory& memory, ProblemCollector& problems);
void add_counters(const Kernel& kernel, KernelMemory& memory, ProblemCollector& problems);
void add_per_cpu_offsets(const Kernel& kernel, KernelMemory& memory, ProblemCollector& problems);
void add_page_flags(const Kernel& kernel, std::optional<std::uint64_t> flags, KernelMemory& memory,
                    ProblemCollector& problems);
void add_huge_pages(const Kernel& kernel, KernelMemory& memory, ProblemCollector& problems);
void add_vmalloc(const Kernel& kernel, KernelMemory& memory, ProblemCollector& problems);
/// `request` names one.
void add_address(const CrashDump& dump, const KernelMemoryRequest& request, KernelMemory& memory,
                 ProblemCollector& problems);

/// The vmap areas, by the addresses that they cover.
std::vector<VmallocRow> vmalloc_rows(const Kernel& kernel, ProblemCollector& problems);
/// The kernel's page flags by their numbers; several names may have one number.
std::vector<PageFlagRow> page_flag_rows(const Kernel& kernel);

}  // namespace postmortem
