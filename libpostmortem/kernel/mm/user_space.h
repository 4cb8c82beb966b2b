// What a process sees of memory: its own page tables (mm->pgd; include/linux/mm_types.h). Pages that the
// dump's filter left out (makedumpfile -d 8 leaves out all of them) are told as PageExcluded, pages that were
// swapped out or never touched as NotMapped.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kernel/kernel.h"

namespace postmortem {

/// Borrows the kernel. `mm` is the address of a struct mm_struct. Errors: NotMapped for a task that has none.
Result<std::unique_ptr<AddressSpace>> user_space(const Kernel& kernel, std::uint64_t mm);

/// Where from `first` up to `end`, both at page borders, that physical address is mapped: ascending. Errors: of the tables
/// that cannot be read.
Result<std::vector<std::uint64_t>> addresses_mapped_to(const AddressSpace& space, std::uint64_t first,
                                                       std::uint64_t end, std::uint64_t physical);

/// A stretch of user memory that holds strings, one behind the other: arguments, or the environment.
struct UserStrings {
    std::vector<std::string> strings;  ///< empty ones included
    bool last_is_whole = true;         ///< a NUL follows it
};

/// The arguments of a process (mm->arg_start to arg_end) and its environment. A process may have changed what
/// stands there.
Result<UserStrings> read_arguments(const Kernel& kernel, const AddressSpace& space, std::uint64_t mm);
Result<UserStrings> read_environment(const Kernel& kernel, const AddressSpace& space, std::uint64_t mm);

}  // namespace postmortem
