// The super blocks of mounted file systems (fs/super.c), and which of them a page, an inode or a lock belongs
// to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postmortem/problem.h>

#include "kernel/kernel.h"

namespace postmortem {

struct SuperBlock {
    std::uint64_t address = 0;
    std::string type;     ///< "ext4". Untrusted
    std::string id;       ///< s_id: "vdc", "0:45". Untrusted
    std::string disk;     ///< the device that it lies on; empty where there is none. Untrusted
    bool frozen = false;  ///< by fsfreeze, or it is being frozen
    const char* frozen_member = "s_writers.frozen";
    std::uint64_t locks = 0, locks_end = 0;  ///< where its s_writers.rw_sem lie
    std::uint64_t queue = 0;                 ///< the wait queue of those who may not write while it is frozen
};

Result<SuperBlock> read_super_block(const Kernel& kernel, std::uint64_t address);

/// All of them; what could not be read is left out, and told in `problems`.
std::vector<SuperBlock> read_super_blocks(const Kernel& kernel, Problems& problems);

/// Of the file that a struct page (or folio) is a part of. NotFound where it is of none.
Result<SuperBlock> super_block_of_page(const Kernel& kernel, std::uint64_t page);

}  // namespace postmortem
