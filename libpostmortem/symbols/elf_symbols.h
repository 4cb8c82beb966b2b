// The symbol table of a vmlinux as the kernel itself would list it: the order, the type letters and the
// left-out names of scripts/kallsyms.c and scripts/mksysmap, so that both sources of symbols give the same
// answers.
#pragma once

#include <memory>

#include "symbols/elf_file.h"
#include "symbols/symbol_table.h"

namespace postmortem {

/// Reads .symtab once. Symbols at or above _text are shifted by `slide` (KERNELOFFSET); those below are
/// zero-based per-CPU offsets and constants. Errors: MissingDebugInfo where the file is stripped; Corrupt.
/// The table borrows the file's string table: `file` must outlive it.
Result<std::unique_ptr<SymbolTable>> read_elf_symbols(const ElfFile& file, std::uint64_t slide);

}  // namespace postmortem
