#include "kernel/cpus.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "base/text.h"
#include "kernel/percpu.h"

namespace postmortem {

Result<std::vector<std::uint32_t>> read_cpu_mask(const Kernel& kernel, std::string_view mask) {
    const auto limit = cpu_limit(kernel);
    if (!limit) return fail(limit.error());
    // A struct cpumask since 4.5 (c4c54dd1caf1), before that an array of long behind a constant pointer.
    auto where = kernel.symbol(fmt::format("__cpu_{}_mask", mask));
    if (!where) where = kernel.symbol(fmt::format("cpu_{}_bits", mask));
    // CONFIG_SMP=n has no masks.
    if (!where && where.error().code == ErrorCode::NotFound && *limit == 1)
        return std::vector<std::uint32_t>{0};
    if (!where) return fail(where.error());
    std::vector<std::uint32_t> cpus;
    const std::uint32_t word_bits = kernel.memory().word_size() * 8;
    for (std::uint32_t first = 0; first < *limit; first += word_bits) {
        const auto bits = kernel.memory().word(*where + first / 8);
        if (!bits) return fail(bits.error());
        for (std::uint32_t cpu = first; cpu < *limit && cpu < first + word_bits; ++cpu)
            if (*bits >> (cpu - first) & 1) cpus.push_back(cpu);
    }
    return cpus;
}

// set_rq_online() (kernel/sched/core.c, 2.6.25): a CPU's runqueue says, too, that it came up and did not go down again.
static Result<std::vector<std::uint32_t>> cpus_of_online_runqueues(const Kernel& kernel) {
    const auto possible = read_cpu_mask(kernel, "possible");
    if (!possible) return possible;
    std::vector<std::uint32_t> running;
    for (const std::uint32_t cpu : *possible) {
        const auto online = per_cpu_variable(kernel, "runqueues", "rq", cpu)["online"].u64();
        if (!online) return fail(online.error());
        if (*online != 0) running.push_back(cpu);
    }
    return running;
}

Result<std::vector<std::uint32_t>> read_running_cpus(const Kernel& kernel) {
    auto online = read_cpu_mask(kernel, "online");
    const auto active = read_cpu_mask(kernel, "active");
    if (!active && active.error().code == ErrorCode::NotFound) return online;
    if (!online || !active) {
        auto by_runqueues = cpus_of_online_runqueues(kernel);
        return by_runqueues ? by_runqueues : fail(online ? active.error() : online.error());
    }
    std::vector<std::uint32_t> running;
    std::set_union(online->begin(), online->end(), active->begin(), active->end(),
                   std::back_inserter(running));
    return running;
}

Result<std::uint32_t> read_cpu_khz(const Kernel& kernel) {
    const char* variable = kernel.arch().hardware.cpu_khz;
    if (!variable) return fail(ErrorCode::NotFound, "the kernel keeps no clock rate");
    return kernel.number<std::uint32_t>(variable);
}

Result<std::string> read_cpu_model(const Kernel& kernel) {
    const auto& [variable, type, member] = kernel.arch().hardware.cpu_model;
    if (!variable) return fail(ErrorCode::NotFound, "the kernel keeps no name of the CPUs");
    return kernel.variable(variable, type)[member].string().map(
        [](const std::string& model) { return std::string(trimmed(model)); });
}

}  // namespace postmortem
