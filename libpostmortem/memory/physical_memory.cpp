#include "memory/physical_memory.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include <fmt/format.h>

#include "base/checked.h"

namespace postmortem {
namespace {

constexpr std::size_t ways = 4;
constexpr std::uint64_t no_page = ~0ull;

}  // namespace

struct PhysicalMemory::Slot {
    std::uint64_t page = no_page;
    std::uint32_t offset = 0;
    std::uint32_t size = 0;
    std::unique_ptr<std::byte[]> data;

    bool holds(std::uint32_t first, std::size_t length) const {
        return first >= offset && first - offset <= size && length <= size - (first - offset);
    }
};

// A cache set is small enough that one lock, held while a page is decoded, costs less than anything clever.
struct PhysicalMemory::CacheSet {
    std::mutex lock;
    std::array<Slot, ways> slots;
    std::size_t next_victim = 0;

    Slot* find(std::uint64_t page) {
        for (Slot& slot : slots)
            if (slot.page == page) return &slot;
        return nullptr;
    }

    Slot& victim(std::uint32_t page_size) {
        Slot& slot = slots[next_victim++ % ways];
        slot.page = no_page;
        if (!slot.data) slot.data = std::make_unique_for_overwrite<std::byte[]>(page_size);
        return slot;
    }
};

PhysicalMemory::PhysicalMemory(const DumpFile& dump, std::size_t cache_pages)
    : dump_(dump),
      page_size_(dump.page_size()),
      page_shift_(static_cast<std::uint32_t>(std::countr_zero(dump.page_size()))),
      endian_(dump.endian()),
      set_count_(std::bit_floor(std::max<std::size_t>(cache_pages / ways, 1))),
      sets_(std::make_unique<CacheSet[]>(set_count_)) {}

PhysicalMemory::~PhysicalMemory() = default;

Result<void> PhysicalMemory::read(std::uint64_t paddr, MutableBytes out) const {
    if (!checked_add(paddr, out.size()))
        return fail(ErrorCode::NoSuchMemory, "the range reaches past the end of the physical address space",
                    paddr);
    while (!out.empty()) {
        const auto offset = static_cast<std::uint32_t>(paddr & (page_size_ - 1));
        const std::size_t length = std::min<std::size_t>(out.size(), page_size_ - offset);
        if (auto done = read_within_page(paddr - offset, offset, out.first(length)); !done) return done;
        paddr += length;
        out = out.subspan(length);
    }
    return {};
}

Result<void> PhysicalMemory::read_within_page(std::uint64_t page, std::uint32_t offset,
                                              MutableBytes out) const {
    if (recording_.load(std::memory_order_relaxed)) note_touch(page);

    const std::uint64_t hash = (page >> page_shift_) * 0x9e3779b97f4a7c15ull;
    CacheSet& set = sets_[(hash >> 32) & (set_count_ - 1)];
    const std::lock_guard guard(set.lock);
    Slot* slot = set.find(page);
    if (!slot) {
        Slot& fresh = set.victim(page_size_);
        auto got = dump_.page(page, {fresh.data.get(), page_size_});
        if (!got) return fail(std::move(got.error()));
        const bool in_file = got->bytes.data() != fresh.data.get();
        if (in_file) {
            const std::uint32_t first = got->offset;
            if (offset < first || !ByteReader(got->bytes).holds(offset - first, out.size()))
                return fail(ErrorCode::NoSuchMemory, "the dump holds only a part of this page frame",
                            page + offset);
            std::memcpy(out.data(), got->bytes.data() + (offset - first), out.size());
            return {};
        }
        fresh.page = page;
        fresh.offset = got->offset;
        fresh.size = static_cast<std::uint32_t>(got->bytes.size());
        slot = &fresh;
    }
    if (!slot->holds(offset, out.size()))
        return fail(ErrorCode::NoSuchMemory, "the dump holds only a part of this page frame", page + offset);
    std::memcpy(out.data(), slot->data.get() + (offset - slot->offset), out.size());
    return {};
}

void PhysicalMemory::note_touch(std::uint64_t page) const {
    const std::lock_guard guard(touched_lock_);
    if (!touched_.empty() && touched_.back() == page >> page_shift_) return;
    touched_.push_back(page >> page_shift_);
    // Duplicates are squeezed out whenever the list doubles, so that it stays in proportion to the pages.
    if (touched_.size() >= 65536 && std::has_single_bit(touched_.size())) {
        std::sort(touched_.begin(), touched_.end());
        touched_.erase(std::unique(touched_.begin(), touched_.end()), touched_.end());
    }
}

std::vector<std::uint64_t> PhysicalMemory::touched_pages() const {
    const std::lock_guard guard(touched_lock_);
    std::vector<std::uint64_t> pages = touched_;
    std::sort(pages.begin(), pages.end());
    pages.erase(std::unique(pages.begin(), pages.end()), pages.end());
    return pages;
}

}  // namespace postmortem
