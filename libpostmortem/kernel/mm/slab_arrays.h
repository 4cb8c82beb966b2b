// The free objects that SLAB keeps at hand: each CPU in an array of a cache, nodes in arrays that their CPUs share
// and in those for the objects of other nodes (mm/slab.c).
#pragma once

#include <cstdint>
#include <vector>

#include "kernel/kernel.h"
#include "object/field.h"

namespace postmortem {

/// Borrows the kernel.
class SlabArrays {
  public:
    /// Errors: what this kernel's SLAB has of that is not known.
    static Result<SlabArrays> open(const Kernel& kernel);

    /// Objects of the cache at an address. Errors: those of the memory; Corrupt where an array holds more than it can.
    Result<std::uint64_t> kept(std::uint64_t cache) const;

  private:
    explicit SlabArrays(const Kernel& kernel) : kernel_(kernel), memory_(kernel.memory()) {}

    Result<std::uint64_t> of_cpu(std::uint64_t cache, std::uint32_t cpu) const;
    Result<std::uint64_t> of_node(std::uint64_t cache, std::uint32_t id) const;
    Result<std::uint64_t> others(std::uint64_t node) const;
    Result<std::uint64_t> available(std::uint64_t array) const;
    Result<std::uint64_t> element(std::uint64_t array, std::uint32_t index) const;

    const Kernel& kernel_;
    const AddressSpace& memory_;
    Field arrays_, nodes_, shared_, alien_, available_, limit_;
    std::uint64_t in_alien_ = 0;  ///< where the array lies in what `alien` points to
    bool per_cpu_ = false;
    std::uint32_t cpus_ = 0;
    std::vector<std::uint32_t> node_ids_;
};

}  // namespace postmortem
