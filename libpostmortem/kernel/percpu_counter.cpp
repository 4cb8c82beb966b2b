#include "kernel/percpu_counter.h"

#include "base/checked.h"
#include "kernel/percpu.h"

namespace postmortem {

Result<std::int64_t> percpu_counter_read(const Object& counter) {
    return counter["count"].i64();
}

Result<std::int64_t> percpu_counter_sum(const Kernel& kernel, const Object& counter) {
    auto total = percpu_counter_read(counter);
    if (!total || !counter.has("counters")) return total;  // CONFIG_SMP=n keeps no parts
    const auto parts = counter["counters"].u64();
    if (!parts) return fail(parts.error());
    const auto cpus = cpu_limit(kernel);
    if (!cpus) return fail(cpus.error());
    if (*parts == 0) return total;
    for (std::uint32_t cpu = 0; cpu < *cpus; ++cpu) {
        const auto place = per_cpu_address(kernel, *parts, cpu);
        if (!place) return fail(place.error());
        const auto part = kernel.memory().get<std::int32_t>(*place);
        if (!part) return fail(part.error());
        *total = wrapping_add(*total, *part);
    }
    return total;
}

}  // namespace postmortem
