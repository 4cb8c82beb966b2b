// The kernel's own symbol table, read from the dump's memory: compressed names, offsets, and (from 6.2, and
// in stable kernels since 6.1.59) an index sorted by name. Only the pages that a lookup needs are read.
// Knowledge from scripts/kallsyms.c and kernel/kallsyms.c, Linux 4.6 to 7.2.
#pragma once

#include "memory/address_space.h"
#include "symbols/symbol_table.h"

namespace postmortem {

/// Where the tables lie (virtual addresses), as far as known beforehand. VMCOREINFO tells since 6.0.
struct KallsymsLocation {
    std::uint64_t names = 0;
    std::uint64_t num_syms = 0;
    std::uint64_t token_table = 0;
    std::uint64_t token_index = 0;
    std::uint64_t offsets = 0;
    std::uint64_t relative_base = 0;  ///< address of the variable; 0 where the kernel has none (7.x)
    std::uint64_t markers = 0;        ///< 0: computed
};

/// Opens the table at a known location. `stext` is the run-time address of _stext, against which the decoding
/// is proven. Errors: Corrupt where the tables contradict themselves, or the memory's own error.
Result<std::unique_ptr<SymbolTable>> open_kallsyms(const AddressSpace& memory,
                                                   const KallsymsLocation& location, std::uint64_t stext);

/// Finds the tables in the kernel image where VMCOREINFO does not name them (before 6.0): searches [first,
/// last) from the end, page by page, for the token table that every kernel has, and works outwards from it.
Result<KallsymsLocation> find_kallsyms(const AddressSpace& memory, std::uint64_t first, std::uint64_t last);

}  // namespace postmortem
