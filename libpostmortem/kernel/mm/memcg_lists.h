// How many pages of a memory control group are on each of its reclaim lists, as kernels before 5.2 kept it
// (mm/memcontrol.c): by node and zone. Later ones have it among the other statistics.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "kernel/kernel.h"

namespace postmortem {

class MemcgLists {
  public:
    /// By their names in memory.stat, in the order of enum lru_list (2.6.28 on).
    static constexpr std::array<std::string_view, 5> names = {"inactive_anon", "active_anon", "inactive_file",
                                                              "active_file", "unevictable"};

    /// Borrows the kernel. Errors: NotFound where it keeps them elsewhere.
    static Result<MemcgLists> open(const Kernel& kernel);

    /// Of the group at this address alone, not of those below: pages, in the order of `names`.
    Result<std::array<std::int64_t, names.size()>> pages(std::uint64_t memcg) const;

  private:
    explicit MemcgLists(const Kernel& kernel) : kernel_(&kernel) {}

    const Kernel* kernel_;
    std::vector<std::uint32_t> nodes_;
};

}  // namespace postmortem
