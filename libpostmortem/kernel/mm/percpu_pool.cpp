#include "kernel/mm/percpu_pool.h"

#include <algorithm>

namespace postmortem {
namespace {

// The first chunk ends what was set aside at boot; static variables and the reserved chunk lie before it.
Result<std::uint64_t> boot_pages_per_unit(const Kernel& kernel) {
    const auto base = kernel.word("pcpu_base_addr");
    const auto place = kernel.word("pcpu_first_chunk");
    if (!base) return base;
    if (!place || *place == 0) return place;
    const std::uint64_t page = kernel.dump().page_size();
    const Object first = kernel.object("pcpu_chunk", *place);
    const auto start = first["base_addr"].u64(), pages = first["nr_pages"].u64(),
               unused = first["end_offset"].u64();
    for (const auto* part : {&start, &pages, &unused})
        if (!*part) return *part;
    if (*start < *base)
        return fail(ErrorCode::Corrupt, "the first chunk of per-CPU memory lies before it begins", *start);
    return (*start - *base + *pages * page - *unused) / page;
}

}  // namespace

Result<PercpuPool> read_percpu_pool(const Kernel& kernel) {
    const auto per_unit = kernel.word("pcpu_nr_populated");
    const auto units = kernel.number<std::uint32_t>("pcpu_nr_units");
    if (!per_unit) return fail(per_unit.error());
    if (!units) return fail(units.error());
    constexpr std::uint32_t most_units = 8192;
    if (*units > most_units) return fail(ErrorCode::Corrupt, "an impossible number of per-CPU units");
    PercpuPool pool;
    pool.pages = *per_unit * *units;
    pool.boot_pages = boot_pages_per_unit(kernel).map(
        [&](std::uint64_t boot) { return std::min(boot, *per_unit) * *units; });
    return pool;
}

}  // namespace postmortem
