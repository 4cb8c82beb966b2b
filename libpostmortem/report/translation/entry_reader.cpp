#include "report/translation/entry_reader.h"

#include "base/checked.h"

namespace postmortem {

EntryContents EntryReader::read(std::uint64_t entry, const SwappedPages::Others& others) {
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
    if (auto swapped = swapped_.find(entry, others)) {
        told.swap_file = std::move(swapped->path);
        told.swap_page = swapped->page;
    }
    return told;
}

}  // namespace postmortem
