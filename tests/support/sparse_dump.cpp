#include "support/sparse_dump.h"

#include <algorithm>
#include <cstring>

namespace postmortem::test {
namespace {

constexpr std::uint64_t present_and_writable = 3;
constexpr std::uint64_t large_page = 1ull << 7;
constexpr std::uint64_t table_bytes = 4096;

}  // namespace

SparseDump::SparseDump(std::uint32_t page_size, Endian endian) : page_size_(page_size), endian_(endian) {
    info_.format = "sparse dump of a test";
}

void SparseDump::write(std::uint64_t paddr, Bytes bytes) {
    while (!bytes.empty()) {
        auto& page = pages_[paddr / page_size_];
        page.resize(page_size_);
        const std::size_t length = std::min<std::size_t>(bytes.size(), page_size_ - paddr % page_size_);
        std::memcpy(page.data() + paddr % page_size_, bytes.data(), length);
        info_.max_pfn = std::max(info_.max_pfn, paddr / page_size_ + 1);
        paddr += length;
        bytes = bytes.subspan(length);
    }
}

Result<PageBytes> SparseDump::page(std::uint64_t paddr, MutableBytes scratch) const {
    ++reads_;
    const std::uint64_t frame = paddr / page_size_;
    if (const auto error = errors_.find(frame); error != errors_.end())
        return fail(error->second, "the test wants this page to fail", paddr);
    const auto page = pages_.find(frame);
    if (page == pages_.end()) return fail(ErrorCode::NoSuchMemory, "the test made no such page", paddr);

    Bytes held = page->second;
    std::uint32_t offset = 0;
    if (const auto part = parts_.find(frame); part != parts_.end()) {
        offset = part->second.first;
        held = held.subspan(offset, part->second.second);
    }
    if (in_place_) return PageBytes{held, offset};
    std::memcpy(scratch.data(), held.data(), held.size());
    return PageBytes{scratch.first(held.size()), offset};
}

PageTableShape x86_64_tables(int levels) {
    PageTableShape shape;
    for (int level = 0; level < levels; ++level) shape.shifts.push_back(12 + 9 * level);
    return shape;
}

PageTableShape i386_tables(bool pae) {
    return pae ? PageTableShape{{12, 21, 30}, 8} : PageTableShape{{12, 22}, 4};
}

PageTableBuilder::PageTableBuilder(SparseDump& dump, std::uint64_t root, PageTableShape shape,
                                   std::uint64_t extra_bits)
    : dump_(dump),
      root_(root),
      next_table_(root + table_bytes),
      shape_(std::move(shape)),
      extra_bits_(extra_bits) {
    dump_.write(root_, std::vector<std::byte>(table_bytes));
}

std::uint64_t PageTableBuilder::read_entry(std::uint64_t slot) const {
    return shape_.entry_bytes == 4 ? dump_.at<std::uint32_t>(slot) : dump_.at<std::uint64_t>(slot);
}

void PageTableBuilder::write_entry(std::uint64_t slot, std::uint64_t entry) {
    if (shape_.entry_bytes == 4)
        dump_.put<std::uint32_t>(slot, static_cast<std::uint32_t>(entry));
    else
        dump_.put<std::uint64_t>(slot, entry);
}

std::uint64_t PageTableBuilder::entry(std::uint64_t vaddr, int level) const {
    const std::uint64_t entries = table_bytes / shape_.entry_bytes;
    std::uint64_t table = root_;
    for (int here = static_cast<int>(shape_.shifts.size());; --here) {
        const std::uint64_t slot = table + (vaddr >> shape_.shifts[here - 1]) % entries * shape_.entry_bytes;
        if (here == level) return slot;
        table = read_entry(slot) & 0x000ffffffffff000ull & ~extra_bits_;
    }
}

void PageTableBuilder::map(std::uint64_t vaddr, std::uint64_t paddr, std::uint64_t size) {
    int leaf = 1;
    while (1ull << shape_.shifts[leaf - 1] != size) ++leaf;
    for (int level = static_cast<int>(shape_.shifts.size()); level > leaf; --level) {
        const std::uint64_t slot = entry(vaddr, level);
        if (read_entry(slot) != 0) continue;
        dump_.write(next_table_, std::vector<std::byte>(table_bytes));
        write_entry(slot, next_table_ | present_and_writable | extra_bits_);
        next_table_ += table_bytes;
    }
    write_entry(entry(vaddr, leaf), paddr | present_and_writable | extra_bits_ | (leaf > 1 ? large_page : 0));
}

void PageTableBuilder::map_range(std::uint64_t vaddr, std::uint64_t paddr, std::uint64_t bytes) {
    for (std::uint64_t at = 0; at < bytes; at += 4096) map(vaddr + at, paddr + at);
}

SparseMemory::SparseMemory(std::uint64_t base, std::uint64_t size, Endian endian)
    : base_(base),
      dump_(4096, endian),
      physical_(dump_),
      memory_(physical_, fail(ErrorCode::NotMapped, "no page tables are known"),
              {LinearRange{base, base + size - 1, 0}}) {}

}  // namespace postmortem::test
