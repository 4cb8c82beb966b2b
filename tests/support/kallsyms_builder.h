// kallsyms tables as scripts/kallsyms.c writes them, for every layout that Linux has had since 2.6.24.
#pragma once

#include <vector>

#include "support/sparse_dump.h"
#include "symbols/kallsyms.h"

namespace postmortem::test {

enum class KallsymsAddresses { Absolute, FromBase, AbsolutePercpu, RelativeToItself };

struct KallsymsShape {
    KallsymsAddresses addresses = KallsymsAddresses::AbsolutePercpu;
    bool addresses_last = false;        ///< 6.4 and later: after the token index
    bool name_order = false;            ///< kallsyms_seqs_of_names
    std::uint32_t number_bytes = 4;     ///< of num_syms and markers: 8 until 4.19
    std::uint32_t symbols_claimed = 0;  ///< 0: the truth
    std::uint64_t alignment = 8;        ///< of each table: a word, or 4 bytes since 7.0
    std::uint32_t word_bytes = 8;       ///< of relative_base and absolute addresses
};

struct KallsymsImage {
    KallsymsLocation location;
    std::uint64_t name_order = 0;  ///< kallsyms_seqs_of_names
    std::uint64_t last = 0;        ///< one past the tables
};

/// Writes the tables at `start`, which is aligned. `symbols` ascend by address, per-CPU values first.
KallsymsImage write_kallsyms(SparseMemory& memory, std::uint64_t start, const std::vector<Symbol>& symbols,
                             const KallsymsShape& shape);

}  // namespace postmortem::test
