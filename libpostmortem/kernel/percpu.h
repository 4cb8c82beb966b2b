// Per-CPU variables (include/linux/percpu.h, mm/percpu.c).
#pragma once

#include <cstdint>
#include <string_view>

#include "kernel/kernel.h"

namespace postmortem {

/// nr_cpu_ids, at most 8192 (the largest CONFIG_NR_CPUS). Errors: those of the symbol or its memory.
Result<std::uint32_t> cpu_limit(const Kernel& kernel);

/// Where CPU `cpu` keeps the per-CPU variable at `base`: a symbol's address (zero-based until 6.14, a kernel
/// address since) or a pointer from alloc_percpu().
Result<std::uint64_t> per_cpu_address(const Kernel& kernel, std::uint64_t base, std::uint32_t cpu);
Result<std::uint64_t> per_cpu_address(const Kernel& kernel, std::string_view symbol, std::uint32_t cpu);

/// A per-CPU struct variable.
Object per_cpu_variable(const Kernel& kernel, std::string_view symbol, std::string_view struct_name,
                        std::uint32_t cpu);

}  // namespace postmortem
