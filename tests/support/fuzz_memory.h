// Fuzz targets that are about memory of the crashed machine rather than about files: the input is what lies
// there.
#pragma once

#include <vector>

#include "base/bytes.h"

namespace postmortem::test {

using Seeds = std::vector<std::vector<std::byte>>;

/// VMCOREINFO up to a NUL, and memory behind it: printk's three buffers.
void run_printk(Bytes input);
Seeds printk_seeds();

/// Maple tree, xarray, radix tree, red-black tree, list.
void run_trees(Bytes input);
Seeds tree_seeds();

/// The tables of each architecture, as physical memory, and addresses to look up in them.
void run_page_tables(Bytes input);
Seeds page_table_seeds();

/// ORC's tables.
void run_orc(Bytes input);
Seeds orc_seeds();

/// Code, unwind entries, registers and a stack of any content, for each way of unwinding.
void run_unwind(Bytes input);
Seeds unwind_seeds();

/// Machine code of each architecture.
void run_code(Bytes input);
Seeds code_seeds();

/// A kernel's own configuration (IKCONFIG).
void run_config(Bytes input);
Seeds config_seeds();

/// What `extract` adds to a dump: symbols in a note.
void run_carried(Bytes input);
Seeds carried_seeds();

}  // namespace postmortem::test
