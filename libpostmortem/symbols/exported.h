// What the kernel exports to modules, in its own table of it (include/linux/export.h): struct kernel_symbol,
// named __ksymtab_NAME.
#pragma once

#include <cstdint>
#include <string_view>

#include "memory/address_space.h"
#include "symbols/symbol_table.h"

namespace postmortem {

/// The address of an exported symbol, for kernels whose kallsyms leaves absolute symbols out (2.6.32:
/// jiffies_64 on x86_64 is one). The entry counts only where it points at the symbol's own name; the relative
/// entries since 4.19 (7290d5809571) do not. Errors: NotFound, or those of the table and its memory.
Result<std::uint64_t> exported_address(const SymbolTable& symbols, const AddressSpace& memory,
                                       std::string_view name);

}  // namespace postmortem
