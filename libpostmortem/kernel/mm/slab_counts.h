// How many objects a slab has and how many of them are in use: two bit-fields of one word of struct slab, or
// of struct page before 5.17 (d122019bf061): inuse:16, objects:15, frozen:1; until 3.0 objects:16 (mm/slab.h,
// mm_types.h).
#pragma once

#include <cstdint>

#include "memory/address_space.h"
#include "types/type_finder.h"

namespace postmortem {

class SlabCounts {
  public:
    struct Numbers {
        std::uint32_t in_use = 0, objects = 0;
        std::uint32_t free() const { return objects > in_use ? objects - in_use : 0; }
    };

    /// Errors: those of the type finder, and Unsupported where the fields are others.
    static Result<SlabCounts> find(const TypeFinder& types, TypeId slab);

    Result<Numbers> read(const AddressSpace& memory, std::uint64_t slab) const;

  private:
    std::uint64_t offset_ = 0;
    std::uint32_t width_ = 0;  ///< bits of `objects`
};

}  // namespace postmortem
