// Physical memory of the crashed machine, over a DumpFile: any span of bytes, with a bounded cache of the
// pages that had to be decoded. Pages that lie plain in the mapped file are never copied into the cache.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "dump/dump_file.h"

namespace postmortem {

/// Whether pages that are decoded for a read stay in the cache. `Pass` is for large data that is read once
/// from end to end: what lies in the cache is used, and nothing is pushed out of it.
enum class Caching { Keep, Pass };

/// Thread-safe: several threads may read at once. Borrows the dump, which must outlive it.
class PhysicalMemory {
  public:
    /// What a question needs at the same time: page tables, symbol names, the structs around one task. More
    /// buys nothing, because the readers of thousands of tasks visit each page once.
    static constexpr std::size_t default_cache_pages = 2048;

    /// `cache_pages` bounds the number of decoded pages that are kept.
    explicit PhysicalMemory(const DumpFile& dump, std::size_t cache_pages = default_cache_pages);
    ~PhysicalMemory();

    /// Fills `out` with the bytes at `paddr`, or fails on the first byte that the dump does not hold.
    Result<void> read(std::uint64_t paddr, MutableBytes out, Caching caching = Caching::Keep) const;

    template <std::integral T>
    Result<T> get(std::uint64_t paddr) const {
        std::array<std::byte, sizeof(T)> raw;
        if (auto done = read(paddr, raw); !done) return fail(std::move(done.error()));
        return load<T>(raw.data(), endian_);
    }

    std::uint32_t page_size() const { return page_size_; }
    Endian endian() const { return endian_; }
    const DumpFile& dump() const { return dump_; }

    /// From now on, remembers which page frames are read: what `extract` keeps.
    void record_touched_pages() { recording_ = true; }
    /// The page frame numbers read since record_touched_pages(), ascending.
    std::vector<std::uint64_t> touched_pages() const;

  private:
    struct Slot;
    struct CacheSet;

    CacheSet& set_of(std::uint64_t page) const;
    Result<void> read_within_page(std::uint64_t page, std::uint32_t offset, MutableBytes out,
                                  Caching caching) const;
    /// Nothing where the page is not in the cache.
    std::optional<Result<void>> read_cached(std::uint64_t page, std::uint32_t offset, MutableBytes out) const;
    void note_touch(std::uint64_t page) const;

    const DumpFile& dump_;
    std::optional<Error> doubt_;  // of all of its bytes
    std::uint32_t page_size_;
    std::uint32_t page_shift_;
    Endian endian_;
    std::size_t set_count_;
    std::unique_ptr<CacheSet[]> sets_;
    std::atomic<bool> recording_ = false;
    mutable std::mutex touched_lock_;
    mutable std::unordered_set<std::uint64_t> touched_;
};

}  // namespace postmortem
