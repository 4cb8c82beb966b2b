// A dump that a test makes up in memory: pages by physical address, an error of choice for any of them, page
// tables on top. What lies below DumpFile is tested with files (fake_dump.h).
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dump/dump_file.h"
#include "memory/address_space.h"

namespace postmortem::test {

class SparseDump final : public DumpFile {
  public:
    explicit SparseDump(std::uint32_t page_size = 4096, Endian endian = Endian::Little);

    /// Writes bytes, making the pages that they touch.
    void write(std::uint64_t paddr, Bytes bytes);
    void write(std::uint64_t paddr, std::string_view text) { write(paddr, as_bytes(text)); }
    template <std::integral T>
    void put(std::uint64_t paddr, T value) {
        std::array<std::byte, sizeof(T)> raw;
        store(raw.data(), value, endian_);
        write(paddr, raw);
    }
    template <std::integral T>
    T at(std::uint64_t paddr) const {
        return load<T>(pages_.at(paddr / page_size_).data() + paddr % page_size_, endian_);
    }

    /// From now on, reading this page gives this error.
    void fail_page(std::uint64_t paddr, ErrorCode code) { errors_[paddr / page_size_] = code; }
    void mend_page(std::uint64_t paddr) { errors_.erase(paddr / page_size_); }
    /// The dump holds only `length` bytes of this page, from `offset` on.
    void keep_part(std::uint64_t paddr, std::uint32_t offset, std::uint32_t length) {
        parts_[paddr / page_size_] = {offset, length};
    }
    /// Pages are handed out as they lie, as in an uncompressed file, and not through the scratch buffer.
    void set_in_place(bool in_place) { in_place_ = in_place; }

    const std::map<std::uint64_t, std::vector<std::byte>>& pages() const { return pages_; }
    const std::map<std::uint64_t, ErrorCode>& errors() const { return errors_; }

    /// How often pages were asked for.
    std::size_t reads() const { return reads_; }

    const DumpInfo& info() const override { return info_; }
    DumpInfo& change_info() { return info_; }
    std::uint32_t page_size() const override { return page_size_; }
    Endian endian() const override { return endian_; }
    std::uint16_t machine() const override { return 62; }
    Result<PageBytes> page(std::uint64_t paddr, MutableBytes scratch) const override;
    std::string_view vmcoreinfo() const override { return {}; }
    const std::vector<Note>& notes() const override { return notes_; }
    const std::vector<Error>& problems() const override { return problems_; }

  private:
    std::uint32_t page_size_;
    Endian endian_;
    bool in_place_ = false;
    std::map<std::uint64_t, std::vector<std::byte>> pages_;  ///< by page frame number
    std::map<std::uint64_t, ErrorCode> errors_;
    std::map<std::uint64_t, std::pair<std::uint32_t, std::uint32_t>> parts_;
    mutable std::atomic<std::size_t> reads_ = 0;
    DumpInfo info_;
    std::vector<Note> notes_;
    std::vector<Error> problems_;
};

/// The page tables of an x86 processor: how much an entry of each level maps (its logarithm), lowest first.
struct PageTableShape {
    std::vector<int> shifts;
    unsigned entry_bytes = 8;
};
PageTableShape x86_64_tables(int levels = 4);
PageTableShape i386_tables(bool pae);

/// Builds them in a dump.
class PageTableBuilder {
  public:
    /// Tables are placed from `root` upwards; each entry gets `extra_bits` (an SME mask, say).
    PageTableBuilder(SparseDump& dump, std::uint64_t root, int levels = 4, std::uint64_t extra_bits = 0)
        : PageTableBuilder(dump, root, x86_64_tables(levels), extra_bits) {}
    PageTableBuilder(SparseDump& dump, std::uint64_t root, PageTableShape shape,
                     std::uint64_t extra_bits = 0);

    /// Maps one page of 4 KiB, or as large as an entry of a higher level maps.
    void map(std::uint64_t vaddr, std::uint64_t paddr, std::uint64_t size = 4096);
    /// Maps a range with 4 KiB pages.
    void map_range(std::uint64_t vaddr, std::uint64_t paddr, std::uint64_t bytes);

    std::uint64_t root() const { return root_; }
    /// Physical address of the entry for `vaddr` in the table of `level` (1 is the lowest). The tables above
    /// it exist.
    std::uint64_t entry(std::uint64_t vaddr, int level) const;

  private:
    std::uint64_t read_entry(std::uint64_t slot) const;
    void write_entry(std::uint64_t slot, std::uint64_t entry);

    SparseDump& dump_;
    std::uint64_t root_;
    std::uint64_t next_table_;
    PageTableShape shape_;
    std::uint64_t extra_bits_;
};

/// A dump whose memory is one linear range, for tests that care about addresses and not about page tables.
class SparseMemory {
  public:
    explicit SparseMemory(std::uint64_t base = 0xffff888000000000ull, std::uint64_t size = 1ull << 30,
                          Endian endian = Endian::Little);

    void write(std::uint64_t vaddr, Bytes bytes) { dump_.write(vaddr - base_, bytes); }
    void write(std::uint64_t vaddr, std::string_view text) { dump_.write(vaddr - base_, text); }
    template <std::integral T>
    void put(std::uint64_t vaddr, T value) {
        dump_.put(vaddr - base_, value);
    }
    void fail_page(std::uint64_t vaddr, ErrorCode code) { dump_.fail_page(vaddr - base_, code); }

    std::uint64_t base() const { return base_; }
    SparseDump& dump() { return dump_; }
    const AddressSpace& memory() const { return memory_; }
    operator const AddressSpace&() const { return memory_; }

  private:
    std::uint64_t base_;
    SparseDump dump_;
    PhysicalMemory physical_;
    AddressSpace memory_;
};

}  // namespace postmortem::test
