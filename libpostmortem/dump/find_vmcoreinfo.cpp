#include "dump/find_vmcoreinfo.h"

#include <algorithm>
#include <cstring>
#include <mutex>

#include "base/parallel.h"
#include "dump/vmcoreinfo.h"

namespace postmortem {
namespace {

constexpr std::string_view first_key = "OSRELEASE=";  // of every kernel: crash_save_vmcoreinfo_init()
constexpr std::size_t max_text = 16384;               // its place is one page, which may be a large one
constexpr std::size_t max_candidates = 64;
constexpr std::uint64_t frames_at_a_time = 4096;

// The text that starts at a physical address, as far as memory goes.
std::string text_at(const DumpFile& dump, std::uint64_t paddr) {
    std::string text;
    std::vector<std::byte> scratch(dump.page_size());
    while (text.size() < max_text) {
        const std::uint64_t at = paddr + text.size();
        const auto page = dump.page(at, scratch);
        const std::uint64_t within = at % dump.page_size();
        if (!page || within < page->offset || within - page->offset >= page->bytes.size()) break;
        const std::string_view rest = as_text(page->bytes.subspan(within - page->offset));
        const std::string_view part = until_nul(rest);
        text += part;
        if (part.size() < rest.size()) break;
    }
    text.resize(std::min(text.size(), max_text));
    return text;
}

// Programs that read dumps hold the same keys in their own memory, but not with values.
bool reads_like_vmcoreinfo(std::string_view text) {
    const VmcoreInfo info(text);
    const auto release = info.string("OSRELEASE");
    const auto page = info.decimal("PAGESIZE");
    return release && !release->empty() && (*release)[0] >= '0' && (*release)[0] <= '9' && page &&
           *page >= 4096 && (*page & (*page - 1)) == 0 && info.symbol("init_uts_ns") && info.symbol("_stext");
}

class Finder {
  public:
    explicit Finder(const DumpFile& dump) : dump_(dump) {}

    void look_through(std::uint64_t first, std::uint64_t last) {
        std::vector<std::byte> scratch(dump_.page_size());
        for (auto pfn = dump_.next_frame(first); pfn && *pfn < last; pfn = dump_.next_frame(*pfn + 1)) {
            const std::uint64_t paddr = *pfn * dump_.page_size();
            if (const auto page = dump_.page(paddr, scratch))
                look_at(paddr + page->offset, as_text(page->bytes));
        }
    }

    std::vector<MemoryVmcoreInfo> take() {
        std::sort(found_.begin(), found_.end(), [](const auto& a, const auto& b) {
            return a.text.size() != b.text.size() ? a.text.size() > b.text.size() : a.paddr < b.paddr;
        });
        const auto same = [](const auto& a, const auto& b) { return a.text == b.text; };
        found_.erase(std::unique(found_.begin(), found_.end(), same), found_.end());
        return std::move(found_);
    }

  private:
    void look_at(std::uint64_t paddr, std::string_view page) {
        for (std::size_t at = page.find(first_key); at != page.npos; at = page.find(first_key, at + 1)) {
            MemoryVmcoreInfo candidate{paddr + at, text_at(dump_, paddr + at)};
            if (!reads_like_vmcoreinfo(candidate.text)) continue;
            const std::lock_guard lock(lock_);
            if (found_.size() < max_candidates) found_.push_back(std::move(candidate));
        }
    }

    const DumpFile& dump_;
    std::mutex lock_;
    std::vector<MemoryVmcoreInfo> found_;
};

}  // namespace

std::vector<MemoryVmcoreInfo> find_vmcoreinfo(const DumpFile& dump) {
    Finder finder(dump);
    // Stretches that hold something, so that holes in a large address space cost nothing.
    std::vector<std::uint64_t> stretches;
    for (auto pfn = dump.next_frame(0); pfn;) {
        const std::uint64_t stretch = *pfn / frames_at_a_time;
        stretches.push_back(stretch);
        pfn = stretch < (~0ull >> 20) ? dump.next_frame((stretch + 1) * frames_at_a_time) : std::nullopt;
    }
    parallel_for(stretches.size(), 1, [&](std::size_t first, std::size_t last) {
        for (std::size_t i = first; i < last; ++i)
            finder.look_through(stretches[i] * frames_at_a_time, (stretches[i] + 1) * frames_at_a_time);
    });
    return finder.take();
}

}  // namespace postmortem
