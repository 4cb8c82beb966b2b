#include "support/fake_sadump.h"

#include <algorithm>

#include "support/byte_writer.h"

namespace postmortem::test {
namespace {

// 2023-11-14 22:13:20, as struct efi_time
void put_time(ByteWriter& out) {
    out.put<std::uint16_t>(2023).put<std::uint8_t>(11).put<std::uint8_t>(14).put<std::uint8_t>(22);
    out.put<std::uint8_t>(13).put<std::uint8_t>(20).zeros(9);
}

// struct sadump_part_header: its numbers fill the block
Buffer partition_header(const FakeMemory& memory, const SadumpShape& shape, std::uint32_t disk,
                        std::uint64_t used) {
    ByteWriter out(Endian::Little);
    out.put("sadump").zeros(2).zeros(16).zeros(64);
    for (const std::uint64_t id : {std::uint64_t{0xabcd}, shape.set, std::uint64_t{disk}})
        out.put(id).put(id);
    put_time(out);
    out.put(disk).zeros(4).put(used);
    std::uint32_t number = 1;
    for (; out.bytes.size() < memory.page_size; number = (number + 7) * 11) out.put(number);
    return out.bytes;
}

std::uint32_t bitmap_blocks(const FakeMemory& memory) {
    const std::uint64_t frames_in_a_block = memory.page_size * 8;
    return static_cast<std::uint32_t>((memory.max_pfn + frames_in_a_block - 1) / frames_in_a_block);
}

// The highest bit of a byte is the lowest frame.
Buffer sadump_bitmap(const FakeMemory& memory, bool with_excluded) {
    Buffer bits(bitmap_blocks(memory) * memory.page_size);
    const auto set = [&](std::uint64_t pfn) { bits[pfn / 8] |= std::byte{0x80} >> pfn % 8; };
    for (const auto& [pfn, page] : memory.pages) set(pfn);
    if (with_excluded) std::for_each(memory.excluded.begin(), memory.excluded.end(), set);
    return bits;
}

// struct sadump_header, a block for the processors, and the bitmaps
Buffer dump_header(const FakeMemory& memory, const SadumpShape& shape) {
    ByteWriter out(Endian::Little);
    out.put("sadump").zeros(2).put(shape.version).zeros(4);
    put_time(out);
    out.zeros(8)
        .put(memory.page_size)
        .zeros(4)
        .put<std::uint32_t>(1)
        .put(bitmap_blocks(memory))
        .put(bitmap_blocks(memory));
    out.put(static_cast<std::uint32_t>(shape.version == 0 ? memory.max_pfn : 0))
        .zeros(12)
        .put<std::uint32_t>(0);
    out.put<std::uint32_t>(4).zeros(4).put(memory.max_pfn).zeros(24).fill_to(memory.page_size);
    out.zeros(memory.page_size);
    out.put(Bytes(sadump_bitmap(memory, true))).put(Bytes(sadump_bitmap(memory, false)));
    return out.bytes;
}

}  // namespace

std::vector<Buffer> make_sadump(const FakeMemory& memory, const SadumpShape& shape) {
    const std::uint64_t block = memory.page_size;
    Buffer pages;
    for (const auto& [pfn, page] : memory.pages) pages.insert(pages.end(), page.begin(), page.end());
    const std::uint64_t count = std::max(shape.disks, 1u);
    const std::uint64_t share = (memory.pages.size() + count - 1) / count * block;
    std::vector<Buffer> files;
    for (std::uint32_t disk = 0; disk < count; ++disk) {
        ByteWriter out(Endian::Little);
        if (shape.media) out.put_text("a medium", block);
        const std::uint64_t headers =
            disk == 0 ? (3 + (shape.disks ? 1 : 0) + 2 * bitmap_blocks(memory)) * block : block;
        out.put(Bytes(partition_header(memory, shape, shape.disks ? disk + 1 : 0, headers + share)));
        if (disk == 0) {
            if (shape.disks) out.put<std::uint32_t>(1).put(shape.disks).zeros(block - 8);
            out.put(Bytes(dump_header(memory, shape)));
        }
        const std::uint64_t from = std::min<std::uint64_t>(pages.size(), disk * share);
        out.put(Bytes(pages).subspan(from, std::min<std::uint64_t>(share, pages.size() - from)));
        files.push_back(out.bytes);
    }
    return files;
}

}  // namespace postmortem::test
