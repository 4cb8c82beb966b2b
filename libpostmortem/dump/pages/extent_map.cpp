#include "dump/pages/extent_map.h"

#include <algorithm>

namespace postmortem {

void ExtentMap::seal() {
    std::stable_sort(extents_.begin(), extents_.end(),
                     [](const MemoryExtent& a, const MemoryExtent& b) { return a.begin < b.begin; });
    std::uint64_t covered = 0;
    for (MemoryExtent& extent : extents_) {
        if (extent.begin < covered) {
            const std::uint64_t cut = std::min(covered, extent.end) - extent.begin;
            extent.begin += cut;
            extent.file_offset += cut;
        }
        covered = std::max(covered, extent.end);
    }
    std::erase_if(extents_, [](const MemoryExtent& e) { return e.begin >= e.end; });
}

const MemoryExtent* ExtentMap::find(std::uint64_t address, std::uint64_t limit) const {
    const auto after = std::upper_bound(extents_.begin(), extents_.end(), address,
                                        [](std::uint64_t a, const MemoryExtent& e) { return a < e.end; });
    if (after == extents_.end()) return nullptr;
    return after->begin <= address || after->begin < limit ? &*after : nullptr;
}

}  // namespace postmortem
