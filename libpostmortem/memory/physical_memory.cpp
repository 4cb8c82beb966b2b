#include "memory/physical_memory.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include <fmt/format.h>

#include <postmortem/lost_pages.h>

#include "base/checked.h"
#include "base/per_thread.h"

namespace postmortem {
namespace {

constexpr std::size_t ways = 4;
constexpr std::uint64_t no_page = ~0ull;

using PageBuffer = std::unique_ptr<std::byte[]>;

/// Where a thread decodes a page before it enters the cache; its buffer and the evicted slot's change places.
struct Workspace {
    PageBuffer data;
    std::uint32_t size = 0;

    MutableBytes sized(std::uint32_t page_size) {
        if (!data || size != page_size) data = std::make_unique_for_overwrite<std::byte[]>(size = page_size);
        return {data.get(), page_size};
    }
};

Workspace& own_workspace() {
    static PerThread<Workspace> workspaces;
    return workspaces.own();
}

Result<void> copy_part(Bytes held, std::uint32_t held_offset, std::uint64_t page, std::uint32_t offset,
                       MutableBytes out) {
    if (offset < held_offset || !ByteReader(held).holds(offset - held_offset, out.size()))
        return fail(ErrorCode::NoSuchMemory, "the dump holds only a part of this page frame", page + offset);
    std::memcpy(out.data(), held.data() + (offset - held_offset), out.size());
    return {};
}

std::optional<Error> doubt_of(const DumpFile& dump) {
    const auto& problems = dump.problems();
    const auto doubt = std::find_if(problems.begin(), problems.end(),
                                    [](const Error& problem) { return problem.code == ErrorCode::Doubtful; });
    return doubt == problems.end() ? std::nullopt : std::optional(*doubt);
}

}  // namespace

struct PhysicalMemory::Slot {
    std::uint64_t page = no_page;
    std::uint32_t offset = 0;
    std::uint32_t size = 0;
    PageBuffer data;
};

// Locked for a copy only: pages are decoded outside.
struct PhysicalMemory::CacheSet {
    std::mutex lock;
    std::array<Slot, ways> slots;
    std::size_t next_victim = 0;

    Slot* find(std::uint64_t page) {
        for (Slot& slot : slots)
            if (slot.page == page) return &slot;
        return nullptr;
    }
};

PhysicalMemory::PhysicalMemory(const DumpFile& dump, std::size_t cache_pages)
    : dump_(dump),
      doubt_(doubt_of(dump)),
      page_size_(dump.page_size()),
      page_shift_(static_cast<std::uint32_t>(std::countr_zero(dump.page_size()))),
      endian_(dump.endian()),
      set_count_(std::bit_floor(std::max<std::size_t>(cache_pages / ways, 1))),
      sets_(std::make_unique<CacheSet[]>(set_count_)) {}

PhysicalMemory::~PhysicalMemory() = default;

Result<void> PhysicalMemory::read(std::uint64_t paddr, MutableBytes out, Caching caching) const {
    if (!checked_add(paddr, out.size()))
        return fail(ErrorCode::NoSuchMemory, "the range reaches past the end of the physical address space",
                    paddr);
    while (!out.empty()) {
        const auto offset = static_cast<std::uint32_t>(paddr & (page_size_ - 1));
        const std::size_t length = std::min<std::size_t>(out.size(), page_size_ - offset);
        if (auto done = read_within_page(paddr - offset, offset, out.first(length), caching); !done)
            return done;
        paddr += length;
        out = out.subspan(length);
    }
    return {};
}

PhysicalMemory::CacheSet& PhysicalMemory::set_of(std::uint64_t page) const {
    const std::uint64_t hash = (page >> page_shift_) * 0x9e3779b97f4a7c15ull;
    return sets_[(hash >> 32) & (set_count_ - 1)];
}

std::optional<Result<void>> PhysicalMemory::read_cached(std::uint64_t page, std::uint32_t offset,
                                                        MutableBytes out) const {
    CacheSet& set = set_of(page);
    const std::lock_guard guard(set.lock);
    const Slot* slot = set.find(page);
    if (!slot) return std::nullopt;
    return copy_part({slot->data.get(), slot->size}, slot->offset, page, offset, out);
}

Result<void> PhysicalMemory::read_within_page(std::uint64_t page, std::uint32_t offset, MutableBytes out,
                                              Caching caching) const {
    if (recording_.load(std::memory_order_relaxed)) note_touch(page);
    if (doubt_) LostPages::note(*doubt_);
    if (auto done = read_cached(page, offset, out)) return std::move(*done);

    const bool in_place = caching == Caching::Pass && out.size() == page_size_;
    Workspace& workspace = own_workspace();
    const MutableBytes scratch = in_place ? out : workspace.sized(page_size_);
    const auto got = dump_.page(page, scratch);
    if (!got) {
        LostPages::note(got.error());
        return fail(got.error());
    }
    const bool decoded = got->bytes.data() == scratch.data();
    if (in_place && decoded && got->bytes.size() == out.size()) return {};
    auto done = copy_part(got->bytes, got->offset, page, offset, out);
    if (!decoded || caching == Caching::Pass) return done;

    CacheSet& set = set_of(page);
    const std::lock_guard guard(set.lock);
    if (set.find(page)) return done;  // another thread was faster
    Slot& slot = set.slots[set.next_victim++ % ways];
    slot.page = page;
    slot.offset = got->offset;
    slot.size = static_cast<std::uint32_t>(got->bytes.size());
    std::swap(slot.data, workspace.data);
    return done;
}

void PhysicalMemory::note_touch(std::uint64_t page) const {
    const std::lock_guard guard(touched_lock_);
    touched_.insert(page >> page_shift_);
}

std::vector<std::uint64_t> PhysicalMemory::touched_pages() const {
    const std::lock_guard guard(touched_lock_);
    std::vector<std::uint64_t> pages(touched_.begin(), touched_.end());
    std::sort(pages.begin(), pages.end());
    return pages;
}

}  // namespace postmortem
