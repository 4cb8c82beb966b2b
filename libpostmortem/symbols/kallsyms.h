// The kernel's own symbol table, read from the dump's memory: compressed names, addresses, and (from 6.2, and
// in stable kernels since 6.1.59) an index sorted by name. Only the pages that a lookup needs are read.
// Knowledge from scripts/kallsyms.c and kernel/kallsyms.c, Linux 2.6.24 to 7.2.
#pragma once

#include <algorithm>
#include <array>

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
    std::uint64_t addresses = 0;      ///< before 4.6, in place of offsets and relative_base
    std::uint64_t markers = 0;        ///< 0: computed
    std::uint32_t marker_size = 4;    ///< bytes; an unsigned long until 4.19 (80ffbaa5b1bd)
    std::uint32_t word_size = 8;      ///< bytes of an unsigned long: of relative_base and addresses

    /// Where the last of the tables begins.
    std::uint64_t last_table() const {
        return std::max(
            {names, num_syms, token_table, token_index, offsets, relative_base, addresses, markers});
    }
};

/// To these the tables are aligned: to a word until 6.19, and to four bytes since nothing in them is wider
/// (7.0). Which of them holds is tried, never taken from the version.
constexpr std::array<std::uint64_t, 2> kallsyms_alignments = {8, 4};

/// Opens the table at a known location. `stext` is the run-time address of _stext, against which the decoding
/// is proven. Errors: Corrupt where the tables contradict themselves, or the memory's own error. A name that
/// lies on an unreadable page costs its neighbours, not the table; a lookup that may have missed for that
/// reason fails with the page's error and not with NotFound.
Result<std::unique_ptr<SymbolTable>> open_kallsyms(const AddressSpace& memory,
                                                   const KallsymsLocation& location, std::uint64_t stext);

/// Finds the tables in the kernel image where VMCOREINFO does not name them (before 6.0): searches [first,
/// last) from the end, page by page, for the token table that every kernel has, and works outwards from it.
/// `word_size` is that of the kernel's unsigned long.
Result<KallsymsLocation> find_kallsyms(const AddressSpace& memory, std::uint64_t first, std::uint64_t last,
                                       std::uint32_t word_size = 8);

}  // namespace postmortem
