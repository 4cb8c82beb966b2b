// What the kernel exports to modules: a table of addresses and names in its own memory, code and data alike.
// Where kallsyms names functions alone (CONFIG_KALLSYMS_ALL=n), it is found by what it looks like.
#pragma once

#include <cstdint>

#include "memory/address_space.h"
#include "symbols/symbol_table.h"

namespace postmortem {

/// The tables lie between the end of .rodata and the rest of what is read alone
/// (include/asm-generic/vmlinux.lds.h, RO_DATA): all of them (EXPORT_SYMBOL(), _GPL), and where they end.
struct ExportTable {
    std::unique_ptr<SymbolTable> symbols;
    std::uint64_t end = 0;  ///< what lies from here on comes behind the tables
};

/// Searches from `first`, an address in .rodata, on. struct kernel_symbol (include/linux/export-internal.h)
/// holds a pointer to the symbol and one to its name, and since 5.4 one to a namespace (8651ec01daed); on
/// most architectures since 4.19 (7290d5809571) each is a distance from where it stands. Which form it is the
/// names prove: they are sorted. Errors: NotFound, or those of the memory.
Result<ExportTable> find_exports(const AddressSpace& memory, std::uint64_t first);

}  // namespace postmortem
