// Which page of which swap area an entry of a page table names. Kernels of one architecture have kept the two
// in different bits; what fits none of the machine's swap areas is no reading.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "arch/arch.h"
#include "kernel/kernel.h"
#include "kernel/mm/swap_areas.h"

namespace postmortem {

struct SwappedPage {
    std::uint32_t area = 0;  ///< its number
    std::string path;        ///< of the area, as in /proc/swaps
    std::uint64_t page = 0;  ///< in the area; its first is the area's header

    bool operator==(const SwappedPage&) const = default;
};

class SwappedPages {
  public:
    /// The entry of a page `index` + 1 further on in the same area of memory; nothing where there is no more.
    using Others = std::function<std::optional<std::uint64_t>(unsigned index)>;

    /// Borrows the kernel, whose swap areas are read when the first entry comes.
    explicit SwappedPages(const Kernel& kernel) : SwappedPages(kernel, kernel.arch().memory.swap_entries) {}
    SwappedPages(const Kernel& kernel, std::span<const SwapEntryForm> forms)
        : kernel_(kernel), all_forms_(forms) {}

    /// Nothing where the entry is about something else (migration, a damaged page), or where it can be read
    /// in several ways and none of the others tells which is the kernel's; that is a problem.
    std::optional<SwappedPage> find(std::uint64_t entry, const Others& others = {});

    /// Why a swap area is not known, or an entry is not told; none where the kernel has no swap.
    Problems take_problems() { return std::exchange(problems_, {}); }

  private:
    struct Area {
        std::uint32_t number = 0;
        std::string path;
        std::uint64_t slots = 0;
        Object info;
    };
    struct Reading {
        const SwapEntryForm* form;
        SwappedPage page;
        bool in_use;  ///< the area says so; otherwise the area's own list is not in the dump
    };

    void read_areas();
    std::vector<Reading> readings_of(std::uint64_t entry) const;
    std::optional<Reading> read_as(const SwapEntryForm& form, std::uint64_t entry) const;
    void learn_from(const std::vector<Reading>& readings);

    const Kernel& kernel_;
    bool known_ = false, told_of_doubt_ = false;
    std::uint32_t others_left_ = 1u << 14;  // where none of them teaches anything, more do not
    std::vector<Area> areas_;
    std::span<const SwapEntryForm> all_forms_;
    std::vector<const SwapEntryForm*> forms_;  // that may be this kernel's
    Problems problems_;
};

}  // namespace postmortem
