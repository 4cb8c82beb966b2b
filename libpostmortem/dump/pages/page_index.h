// Where each page of a dump lies, for formats that store pages one by one in any order.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"

namespace postmortem {

struct StoredPage {
    std::uint64_t pfn = 0;
    std::uint64_t at = 0;  ///< in the file
};

class PageIndex {
  public:
    void add(std::uint64_t pfn, std::uint64_t at) { pages_.push_back({pfn, at}); }
    /// Sorts; of a page that is there twice the later one counts. To be called once, after the last add().
    void seal();

    const std::vector<StoredPage>& pages() const { return pages_; }
    const StoredPage* find(std::uint64_t pfn) const;
    std::optional<std::uint64_t> next(std::uint64_t pfn) const;
    std::uint64_t end_pfn() const { return pages_.empty() ? 0 : pages_.back().pfn + 1; }
    /// As DumpFile::existing_frames().
    void mark(std::uint64_t first_pfn, MutableBytes bits) const;

  private:
    std::vector<StoredPage>::const_iterator from(std::uint64_t pfn) const;

    std::vector<StoredPage> pages_;
};

}  // namespace postmortem
