// Addresses as people write them: "ffffffff81000000", "0x…", "init_task", "init_task+0x10", "runqueues:0-3".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/kernel.h"

namespace postmortem {

/// Hexadecimal digits are a number, everything else a symbol of the kernel or of a module. NotFound, with the
/// nearest names, where there is none.
Result<std::uint64_t> resolve_address(const Kernel& kernel, std::string_view word);

/// The address of a symbol of the kernel, else of a module.
Result<std::uint64_t> resolve_symbol(const Kernel& kernel, std::string_view name);

/// "ADDRESS:CPUS" in two; `cpus` is nothing where there is no colon.
struct CpuWord {
    std::string_view address;
    std::optional<std::string_view> cpus;
};
CpuWord split_cpu_word(std::string_view word);

/// "a" and "all" are every CPU that runs, "" is `current`; else "1,3,5-7". InvalidArgument names what is
/// wrong, and a CPU that is not there.
Result<std::vector<std::uint32_t>> resolve_cpus(const Kernel& kernel, std::string_view words,
                                                std::uint32_t current);

/// The symbol lies among the per-CPU variables, so that each CPU has its own.
bool is_per_cpu_symbol(const Kernel& kernel, std::uint64_t address);

}  // namespace postmortem
