// All that tells where variables lie that the kernel's own symbols do not name (CONFIG_KALLSYMS_ALL=n).
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "arch/arch.h"
#include "dump/vmcoreinfo.h"
#include "kernel/data_by_code.h"
#include "kernel/unnamed_data.h"
#include "kernel/unnamed_sysctls.h"
#include "symbols/symbol_table.h"

namespace postmortem {

/// Thread-safe. Borrows the architecture and the memory.
class UnnamedVariables {
  public:
    /// `functions`: the kernel's own symbols; `rodata`: an address in what is only read, in front of the
    /// table of exported symbols.
    UnnamedVariables(const Arch& arch, const AddressSpace& memory, const VmcoreInfo& info,
                     std::unique_ptr<SymbolTable> functions, std::uint64_t rodata);

    /// The functions, what is exported to modules, and what VMCOREINFO names.
    const SymbolTable& names() const { return *names_; }

    /// A variable that none of those names; `types` may be null. Nothing where this kernel has no such
    /// variable. Errors: NotFound where nothing tells.
    Result<std::optional<std::uint64_t>> address_of(std::string_view name, const TypeFinder* types) const;
    /// Which of the per-CPU variables that `types` (may be null) place lies there; empty where none does.
    std::string per_cpu_variable_at(std::uint64_t address, const TypeFinder* types) const {
        return data_.per_cpu_variable_at(address, types);
    }

  private:
    const UnnamedSysctls& sysctls() const;

    const AddressSpace& memory_;
    const std::uint64_t rodata_;
    const UnnamedData data_;
    const std::unique_ptr<SymbolTable> names_;
    const DataByCode code_;
    mutable std::mutex lock_;
    mutable std::optional<UnnamedSysctls> sysctls_;  ///< once one is asked for: they are searched for
};

}  // namespace postmortem
