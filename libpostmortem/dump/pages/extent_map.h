// Stretches of physical memory, each with its place in the file, kept sorted so that an address is found by
// binary search.
#pragma once

#include <cstdint>
#include <vector>

namespace postmortem {

/// Physical addresses [begin, end) lie from `file_offset` on.
struct MemoryExtent {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::uint64_t file_offset = 0;
};

class ExtentMap {
  public:
    void add(MemoryExtent extent) {
        if (extent.begin < extent.end) extents_.push_back(extent);
    }

    /// Sorts, and cuts what overlaps down to its part after the one that begins earlier (the same memory,
    /// stored twice). To be called once, after the last add().
    void seal();

    /// The extent that holds `address`, or else the lowest one that begins after it and below `limit`;
    /// nullptr.
    const MemoryExtent* find(std::uint64_t address, std::uint64_t limit) const;
    const MemoryExtent* find(std::uint64_t address) const { return find(address, address); }

    const MemoryExtent* begin() const { return extents_.data(); }
    const MemoryExtent* end() const { return extents_.data() + extents_.size(); }
    const std::vector<MemoryExtent>& extents() const { return extents_; }

  private:
    std::vector<MemoryExtent> extents_;
};

}  // namespace postmortem
