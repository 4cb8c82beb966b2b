// What one architecture or another has to tell beside what arch.h asks of all.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "arch/arch.h"

namespace postmortem {

/// A word that an entry leaves in its frame, `at` so many bytes from its start, to say that registers lie
/// behind.
struct RegistersMark {
    std::uint32_t at = 0;
    std::uint64_t word = 0;
    std::uint32_t registers = 0;  ///< where in the frame they lie
};

struct RarerFacts {
    /// The order of bytes that memory itself shows, where who wrote the dump may not have known it; nothing
    /// where it shows none. May be null.
    std::optional<Endian> (*byte_order)(const PhysicalMemory&, const VmcoreInfo&) = nullptr;
    /// In place of MemoryLayout's, where entries are read by the size of a page. May be null.
    SwapPlace (*swapped_to)(std::uint64_t entry, std::uint64_t page_size) = nullptr;
    /// Where frames are chained by the stack pointer: by which those that an entry made are known. Empty
    /// where each begins a chain, and registers follow it.
    std::span<const RegistersMark> marks{};
    /// Of the arrays by CPU that tell where stacks lie (StackPlace): the one to which its variable points.
    /// May be null.
    const char* pointed_array = nullptr;
    /// The word at the saved stack pointer of a task that does not run leads to the frame that is meant.
    bool switched_from_callers_frame = false;
    /// A call may lead behind the first so many bytes of a function, which set up what its caller has set up.
    std::uint32_t local_entry = 0;
};

const RarerFacts& rarer_facts(const Arch& arch);

/// What an entry that is not present tells of where the page is; nothing where that is not known.
std::optional<SwapPlace> swap_place_of(const Arch& arch, std::uint64_t entry, std::uint64_t page_size);

}  // namespace postmortem
