// Virtual memory of the crashed machine: an address is translated by the architecture's page-table walker,
// and the bytes are read from PhysicalMemory. Translations are remembered, pages are not copied twice.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "memory/physical_memory.h"

namespace postmortem {

/// Where a virtual address lies. `page_size` is that of the mapping (4 KiB, 2 MiB, 1 GiB, …).
struct Translation {
    std::uint64_t paddr = 0;
    std::uint64_t page_size = 0;
};

/// The way of an address through page tables, the top table's entry first; it ends at a page, or at an entry
/// that is not present.
struct TableWalk {
    struct Step {
        std::uint64_t slot = 0;   ///< physical address of the entry
        std::uint64_t entry = 0;  ///< what stands there
        std::uint32_t level = 1;  ///< 1 is that of the smallest pages
        std::uint64_t size = 0;   ///< bytes that one entry of this level maps
        bool leaf = false;        ///< a page, and no table
    };
    std::uint32_t levels = 0;
    std::vector<Step> steps;
};

/// Reads one architecture's page tables.
class PageTableWalker {
  public:
    virtual ~PageTableWalker() = default;
    /// Errors: NotMapped where the tables say so; otherwise the error of the table page that could not be
    /// read.
    virtual Result<Translation> walk(std::uint64_t vaddr) const = 0;
    /// The entry at which a walk ends, whether it maps a page or not: of a page that was swapped out it tells
    /// where to. 0 where a table on the way is absent.
    virtual Result<std::uint64_t> last_entry(std::uint64_t vaddr) const {
        return fail(ErrorCode::Unsupported, "reading the entries of these page tables", vaddr);
    }
    /// All entries on the way. Errors: as walk(), but none where the way ends.
    virtual Result<TableWalk> steps(std::uint64_t vaddr) const {
        return fail(ErrorCode::Unsupported, "telling the entries of these page tables", vaddr);
    }
};

/// A range that the kernel maps linearly (its image, the direct map). It serves where page tables are damaged
/// or absent from the dump, and before their root is known.
struct LinearRange {
    std::uint64_t first = 0;  ///< lowest virtual address, at the start of a page
    std::uint64_t last = 0;   ///< highest virtual address, inclusive
    std::uint64_t paddr = 0;  ///< physical address of `first`

    /// Nothing for what lies outside.
    std::optional<std::uint64_t> to_physical(std::uint64_t vaddr) const;
    std::optional<std::uint64_t> to_virtual(std::uint64_t physical) const;
};

/// Thread-safe for readers. Borrows the physical memory.
class AddressSpace {
  public:
    /// Without a walker, for the reason that stands in its place, linear ranges alone are translated.
    AddressSpace(const PhysicalMemory& physical, Result<std::unique_ptr<PageTableWalker>> walker,
                 std::vector<LinearRange> linear = {}, std::uint32_t word_size = 8);

    /// Why the page tables cannot be followed; null where they can.
    const Error* no_tables() const { return walker_ ? nullptr : &walker_.error(); }

    /// Translates by page table; falls back to a linear range only where a table page cannot be read.
    Result<std::uint64_t> translate(std::uint64_t vaddr) const;
    Result<Translation> translate_whole(std::uint64_t vaddr) const;
    /// As PageTableWalker::last_entry().
    Result<std::uint64_t> last_entry(std::uint64_t vaddr) const;
    /// As PageTableWalker::steps().
    Result<TableWalk> steps(std::uint64_t vaddr) const;

    /// Fills `out` from `vaddr`, or fails on the first byte that cannot be read.
    Result<void> read(std::uint64_t vaddr, MutableBytes out, Caching caching = Caching::Keep) const;

    template <std::integral T>
    Result<T> get(std::uint64_t vaddr) const {
        std::array<std::byte, sizeof(T)> raw;
        if (auto done = read(vaddr, raw); !done) return fail(std::move(done.error()));
        return load<T>(raw.data(), physical_.endian());
    }
    Result<std::uint64_t> u64(std::uint64_t vaddr) const { return get<std::uint64_t>(vaddr); }
    Result<std::uint32_t> u32(std::uint64_t vaddr) const { return get<std::uint32_t>(vaddr); }
    /// An unsigned long, or a pointer.
    Result<std::uint64_t> word(std::uint64_t vaddr) const {
        if (word_size_ == 8) return u64(vaddr);
        return u32(vaddr).map([](std::uint32_t value) { return std::uint64_t{value}; });
    }
    /// Bytes in a word of the crashed machine: 4 or 8.
    std::uint32_t word_size() const { return word_size_; }

    /// Text up to its NUL, or up to `limit` bytes where no NUL comes earlier.
    Result<std::string> c_string(std::uint64_t vaddr, std::size_t limit = 256) const;

    /// `size` bytes as one buffer. The caller has bounded `size`.
    Result<std::vector<std::byte>> bytes(std::uint64_t vaddr, std::size_t size) const;

    /// Fills `out` with large data that is read once from end to end, on all cores and past the page cache.
    /// Pages that cannot be had are filled with `filler` and counted.
    std::size_t read_large(std::uint64_t vaddr, MutableBytes out, std::byte filler) const;

    const PhysicalMemory& physical() const { return physical_; }
    Endian endian() const { return physical_.endian(); }

    /// Adds the direct map, once its place is known: page tables are allocated from the top of memory, which
    /// a truncated dump loses first; or why nothing can be said of it. Only the first call counts; others may
    /// be reading meanwhile.
    void set_direct_map(Result<LinearRange> range) const;
    /// Of those that were known from the start.
    bool is_in_linear_range(std::uint64_t vaddr) const;
    /// Where all physical memory is mapped, once that is known. It need not begin with address 0.
    std::optional<LinearRange> direct_map() const;
    /// Where there is no direct_map().
    Error why_no_direct_map() const;
    std::optional<std::uint64_t> direct_map_address(std::uint64_t paddr) const;

    /// Adds that the kernel keeps tags in these bits, the top ones, of pointers to its own memory: they say
    /// nothing of where that lies.
    void ignore_tags(std::uint64_t bits) const;
    /// An address as page tables know it.
    std::uint64_t untagged(std::uint64_t vaddr) const {
        const std::uint64_t tag = tag_bits_.load(std::memory_order_relaxed);
        const std::uint64_t upper_half = (tag & -tag) >> 1;
        return (vaddr & upper_half) != 0 ? vaddr | tag : vaddr;
    }

  private:
    // Lock-free: `tag` is stored mixed with `frame`, so that a torn pair does not match.
    struct CachedTranslation {
        std::atomic<std::uint64_t> tag{0};
        std::atomic<std::uint64_t> frame{0};
    };
    static constexpr std::size_t cached_translations = 8192;

    Result<Translation> walk(std::uint64_t vaddr) const;
    tl::unexpected<Error> without_tables(std::uint64_t vaddr) const;
    std::optional<Translation> linear(std::uint64_t vaddr) const;

    const PhysicalMemory& physical_;
    Result<std::unique_ptr<PageTableWalker>> walker_;
    std::vector<LinearRange> linear_;
    std::uint32_t word_size_;
    mutable Result<LinearRange> direct_map_;
    mutable std::once_flag direct_map_once_;
    mutable std::atomic<bool> has_direct_map_ = false;
    mutable std::atomic<std::uint64_t> tag_bits_ = 0;
    mutable std::vector<CachedTranslation> cache_;
};

}  // namespace postmortem
