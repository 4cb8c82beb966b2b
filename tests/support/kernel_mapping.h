// Where a mapping says that an address lies, before any table is read.
#pragma once

#include <optional>

#include "arch/arch.h"

namespace postmortem::test {

inline std::optional<std::uint64_t> known_place(const KernelMapping& mapping, std::uint64_t vaddr) {
    for (const LinearRange& range : mapping.linear)
        if (const auto place = range.to_physical(vaddr)) return place;
    return mapping.all_memory ? mapping.all_memory->to_physical(vaddr) : std::nullopt;
}

}  // namespace postmortem::test
