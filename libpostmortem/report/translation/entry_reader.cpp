#include "report/translation/entry_reader.h"

#include "base/checked.h"
#include "kernel/mm/swap_areas.h"

namespace postmortem {

EntryContents EntryReader::read(std::uint64_t entry) {
    EntryContents told;
    told.entry = entry;
    const MemoryLayout& layout = kernel_.arch().memory;
    if (entry == 0 || !layout.page_entry) return told;
    const PageEntry known = layout.page_entry(entry);
    told.present = known.present;
    const std::uint64_t page_size = kernel_.physical().page_size();
    told.physical = align_down(known.physical, page_size);
    if (known.present) {
        for (const std::string_view flag : known.flags) told.flags.emplace_back(flag);
        return told;
    }
    if (!layout.swapped_to) return told;
    const SwapPlace place = layout.swapped_to(entry, page_size);
    if (!swap_known_) {
        swap_known_ = true;
        SwapState swap = read_swap(kernel_);
        for (SwapAreaState& area : swap.areas) swap_files_[area.number] = std::move(area.path);
        problems_ = std::move(swap.problems);
    }
    const auto file = swap_files_.find(place.area);
    if (file == swap_files_.end()) return told;
    told.swap_file = file->second;
    told.swap_page = place.page;
    return told;
}

}  // namespace postmortem
