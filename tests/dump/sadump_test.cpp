#include "dump/sadump.h"

#include <doctest/doctest.h>
#include <elf.h>

#include "support/byte_writer.h"
#include "support/check_dump.h"
#include "support/temp_dir.h"

namespace sadump_test {

using namespace postmortem;
using namespace postmortem::test;

namespace {

struct SadumpShape {
    std::uint32_t version = 1;
    std::uint32_t disks = 0;  // 0: one partition
    bool media = false;
    std::uint64_t set = 0x5e7;
};

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

// The highest bit of a byte is the lowest frame.
Buffer sadump_bitmap(const FakeMemory& memory, bool with_excluded) {
    Buffer bits(memory.page_size);
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
        .put<std::uint32_t>(1)
        .put<std::uint32_t>(1);
    out.put(static_cast<std::uint32_t>(shape.version == 0 ? memory.max_pfn : 0))
        .zeros(12)
        .put<std::uint32_t>(0);
    out.put<std::uint32_t>(4).zeros(4).put(memory.max_pfn).zeros(24).fill_to(memory.page_size);
    out.zeros(memory.page_size);
    out.put(Bytes(sadump_bitmap(memory, true))).put(Bytes(sadump_bitmap(memory, false)));
    return out.bytes;
}

// One file, or one for each disk: the pages go on from one to the next.
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
        const std::uint64_t headers = disk == 0 ? (1 + (shape.disks ? 1 : 0) + 4) * block : block;
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

}  // namespace

TEST_CASE("SADUMP on one partition and copied to a medium reads back") {
    for (const std::uint32_t page_size : {4096u, 8192u}) {
        const FakeMemory memory = make_memory(100, page_size);
        for (const SadumpShape& shape : {SadumpShape{0}, SadumpShape{1}, SadumpShape{1, 0, true}}) {
            if (shape.media && page_size != 4096) continue;
            CAPTURE(page_size);
            const auto dump = open_bytes(make_sadump(memory, shape).front());
            REQUIRE_MESSAGE(dump, dump.error().message);
            CHECK((*dump)->problems().empty());
            CHECK((*dump)->machine() == EM_X86_64);
            CHECK((*dump)->page_size() == page_size);
            CHECK((*dump)->info().timestamp == 1700000000);
            CHECK((*dump)->info().cpu_count == 4);
            CHECK(compare(**dump, memory) == undamaged(memory));
        }
    }
}

TEST_CASE("SADUMP on several disks reads back by any of them, and a missing one costs its pages") {
    const FakeMemory memory = make_memory(100);
    const TempDir dir;
    const std::vector<Buffer> files = make_sadump(memory, {1, 3});
    std::vector<std::filesystem::path> disks;
    for (std::size_t i = 0; i < files.size(); ++i)
        disks.push_back(dir.write("disk" + std::to_string(i), files[i]));
    dir.write("other", make_sadump(memory, {1, 3, false, 0xbad}).back());
    for (const auto& named : disks) {
        const auto dump = open_dump(named);
        REQUIRE_MESSAGE(dump, dump.error().message);
        CHECK((*dump)->problems().empty());
        CHECK((*dump)->info().files.size() == 3);
        CHECK(compare(**dump, memory) == undamaged(memory));
    }
    std::filesystem::remove(disks[1]);
    const auto lacking = open_dump(disks[0]);
    REQUIRE(lacking);
    CHECK((*lacking)->problems().size() == 1);
    const Comparison seen = compare(**lacking, memory);
    CHECK(seen.wrong == 0);
    CHECK(seen.missing == memory.pages.size() - seen.right);
    CHECK(seen.right == (memory.pages.size() + 2) / 3);
    std::filesystem::remove(disks[0]);
    const auto headless = open_dump(disks[2]);
    REQUIRE_FALSE(headless);
    CHECK(headless.error().code == ErrorCode::NotFound);
}

TEST_CASE("SADUMP that is cut off or damaged gives no wrong page") {
    const FakeMemory memory = make_memory(60);
    const Buffer file = make_sadump(memory, {}).front();
    for (std::size_t i = 1; i < 200; ++i) {
        const auto dump = open_bytes(Bytes(file).first(file.size() * i / 200));
        if (dump) CHECK(compare(**dump, memory).wrong == 0);
    }
    check_changed_bytes(make_sadump(make_memory(5), {}).front(), 200);
}

}  // namespace sadump_test
