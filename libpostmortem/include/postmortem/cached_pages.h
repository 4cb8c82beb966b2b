// The pages of a file that were in memory: `files -p`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <postmortem/kernel_memory.h>

namespace postmortem {

struct CachedPages {
    std::uint64_t inode = 0;
    std::uint64_t mapping = 0;          ///< its address_space
    std::uint64_t count = 0;            ///< pages, as the address_space has it
    std::vector<PageRow> pages;         ///< in the order of the file
    Problems problems;
};

/// Of the struct inode at an address. The memory's error where there is none; Corrupt where it is no inode.
POSTMORTEM_API Result<CachedPages> cached_pages(const CrashDump& dump, std::uint64_t inode);
POSTMORTEM_API std::string to_text(const CachedPages& pages);
POSTMORTEM_API std::string to_json(const CachedPages& pages);

}  // namespace postmortem
