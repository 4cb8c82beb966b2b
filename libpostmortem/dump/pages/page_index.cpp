#include "dump/pages/page_index.h"

#include <algorithm>

namespace postmortem {

void PageIndex::seal() {
    const auto lower = [](const StoredPage& a, const StoredPage& b) { return a.pfn < b.pfn; };
    if (!std::is_sorted(pages_.begin(), pages_.end(), lower))
        std::stable_sort(pages_.begin(), pages_.end(), lower);
    const auto same = [](const StoredPage& a, const StoredPage& b) { return a.pfn == b.pfn; };
    // Backwards, so that the last of several is the one that is kept.
    const auto kept = std::unique(pages_.rbegin(), pages_.rend(), same);
    pages_.erase(pages_.begin(), kept.base());
}

std::vector<StoredPage>::const_iterator PageIndex::from(std::uint64_t pfn) const {
    return std::lower_bound(pages_.begin(), pages_.end(), pfn,
                            [](const StoredPage& page, std::uint64_t p) { return page.pfn < p; });
}

const StoredPage* PageIndex::find(std::uint64_t pfn) const {
    const auto page = from(pfn);
    return page != pages_.end() && page->pfn == pfn ? &*page : nullptr;
}

std::optional<std::uint64_t> PageIndex::next(std::uint64_t pfn) const {
    const auto page = from(pfn);
    return page != pages_.end() ? std::optional(page->pfn) : std::nullopt;
}

void PageIndex::mark(std::uint64_t first_pfn, MutableBytes bits) const {
    for (auto page = from(first_pfn); page != pages_.end() && page->pfn - first_pfn < bits.size() * 8; ++page)
        bits[(page->pfn - first_pfn) / 8] |= std::byte{1} << (page->pfn - first_pfn) % 8;
}

}  // namespace postmortem
