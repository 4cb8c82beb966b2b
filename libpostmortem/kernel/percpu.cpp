#include "kernel/percpu.h"

#include <algorithm>

#include <fmt/format.h>

namespace postmortem {
namespace {

constexpr std::uint32_t most_cpus = 8192;

}  // namespace

Result<std::uint32_t> cpu_limit(const Kernel& kernel) {
    auto limit = kernel.number<std::uint32_t>("nr_cpu_ids");
    if (!limit) {
        // CONFIG_SMP=n has no such variable.
        if (limit.error().code == ErrorCode::NotFound) return 1u;
        return limit;
    }
    if (*limit == 0 || *limit > most_cpus)
        return fail(ErrorCode::Corrupt, fmt::format("nr_cpu_ids is {}, which no kernel allows", *limit));
    return limit;
}

Result<std::uint64_t> per_cpu_address(const Kernel& kernel, std::uint64_t base, std::uint32_t cpu) {
    auto table = kernel.symbol("__per_cpu_offset");
    if (!table) {
        if (table.error().code == ErrorCode::NotFound && cpu == 0) return base;
        return fail(std::move(table.error()));
    }
    if (cpu >= most_cpus) return fail(ErrorCode::InvalidArgument, fmt::format("CPU {} is out of range", cpu));
    auto offset = kernel.memory().word(*table + std::uint64_t{kernel.memory().word_size()} * cpu);
    if (!offset) return fail(std::move(offset.error()));
    // Offsets may be negative.
    const std::uint64_t address = base + *offset;
    return kernel.memory().word_size() == 8 ? address : address & 0xffffffff;
}

Result<std::uint64_t> per_cpu_address(const Kernel& kernel, std::string_view symbol, std::uint32_t cpu) {
    auto base = kernel.symbol(symbol);
    if (!base) return fail(std::move(base.error()));
    return per_cpu_address(kernel, *base, cpu);
}

Object per_cpu_variable(const Kernel& kernel, std::string_view symbol, std::string_view struct_name,
                        std::uint32_t cpu) {
    auto address = per_cpu_address(kernel, symbol, cpu);
    if (!address) return {kernel.memory(), kernel.types(), std::move(address.error())};
    return kernel.object(struct_name, *address);
}

}  // namespace postmortem
