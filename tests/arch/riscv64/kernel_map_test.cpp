// What VMCOREINFO tells of a riscv64 kernel's addresses: with the offset of the image and, of older kernels,
// without, and each word that may be missing or impossible.
#include "arch/riscv64/kernel_map.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "support/kernel_mapping.h"
#include "support/sparse_dump.h"

namespace riscv64_kernel_map_test {

using namespace postmortem;
using test::known_place;
using test::SparseDump;

namespace {

constexpr std::uint64_t ram = 0x80000000, gib = 1ull << 30, link = 0xffffffff80000000, firmware = 2u << 20;
constexpr std::uint64_t tables_at = 0x1801000, page_offset = 0xffffaf8000000000;

struct Machine {
    int va_bits = 48;
    std::uint64_t image = ram + firmware, ram_base = ram;
    bool offset_told = true;

    std::string text() const {
        std::string all = fmt::format(
            "PAGESIZE=4096\nSYMBOL(swapper_pg_dir)={:x}\nSYMBOL(_stext)={:x}\nNUMBER(VA_BITS)={}\n"
            "NUMBER(phys_ram_base)={}\nNUMBER(PAGE_OFFSET)=0x{:x}\nNUMBER(KERNEL_LINK_ADDR)=0x{:x}\n"
            "NUMBER(MODULES_VADDR)=0x{:x}\n",
            link + tables_at, link + 0x2000, va_bits, ram_base, page_offset, link,
            link + 0x2000000 - 2 * gib);
        if (offset_told) all += fmt::format("NUMBER(va_kernel_pa_offset)=0x{:x}\n", link - image);
        return all;
    }
};

struct Memory {
    Memory() : dump(4096) { dump.change_info().max_pfn = (ram + gib) / 4096; }
    // Maps the image, and the tables in it, by pages of 2 MiB.
    void put_tables(std::uint64_t image) {
        const std::uint64_t root = image + tables_at, next = root + 4096;
        dump.put<std::uint64_t>(root + 511 * 8, next >> 12 << 10 | 1);
        dump.put<std::uint64_t>(next + 510 * 8, (next + 4096) >> 12 << 10 | 1);
        for (std::uint64_t i = 0; i < 32; ++i)
            dump.put<std::uint64_t>(next + 4096 + i * 8, (image + i * firmware) >> 12 << 10 | 0xcf);
    }
    SparseDump dump;
};

KernelMapping map(const SparseDump& dump, const std::string& text) {
    const PhysicalMemory physical(dump);
    return riscv64::map_kernel(physical, VmcoreInfo(text));
}

}  // namespace

TEST_CASE("the image and the linear map") {
    const Memory memory;
    const auto mapping = map(memory.dump, Machine().text());
    REQUIRE(mapping.walker);
    CHECK(known_place(mapping, link) == ram + firmware);
    CHECK(known_place(mapping, link + 0x1ffffff) == ram + firmware + 0x1ffffff);
    CHECK(known_place(mapping, link + 0x2000000) == std::nullopt);
    CHECK(known_place(mapping, page_offset) == ram);
    CHECK(known_place(mapping, page_offset + gib - 1) == ram + gib - 1);
    CHECK(known_place(mapping, page_offset + gib) == std::nullopt);
}

TEST_CASE("kernels that do not tell where their image lies: at the start of memory, or behind the firmware") {
    for (const std::uint64_t image : {ram, ram + firmware}) {
        Memory memory;
        memory.put_tables(image);
        Machine machine;
        machine.offset_told = false;
        const PhysicalMemory physical(memory.dump);
        const auto mapping = riscv64::map_kernel(physical, VmcoreInfo(machine.text()));
        REQUIRE(mapping.walker);
        CHECK(known_place(mapping, link) == image);
        CHECK((*mapping.walker)->walk(link + 0x1234).value().paddr == image + 0x1234);
    }
}

TEST_CASE("without a word that it needs, the answer names it") {
    const Memory memory;
    for (const std::string word : {"SYMBOL(swapper_pg_dir)", "NUMBER(VA_BITS)"}) {
        std::string text = Machine().text();
        text.replace(text.find(word), 1, "x");
        const auto mapping = map(memory.dump, text);
        REQUIRE_FALSE(mapping.walker);
        CHECK(mapping.walker.error().code == ErrorCode::MissingDebugInfo);
        CHECK(mapping.walker.error().message.find(word) != std::string::npos);
    }
    for (const std::string word : {"NUMBER(KERNEL_LINK_ADDR)", "NUMBER(phys_ram_base)"}) {
        Machine machine;
        machine.offset_told = false;
        std::string text = machine.text();
        text.replace(text.find(word), 1, "x");
        const auto mapping = map(memory.dump, text);
        REQUIRE_FALSE(mapping.walker);
        CHECK(mapping.walker.error().code == ErrorCode::MissingDebugInfo);
        CHECK(mapping.walker.error().message.find(word) != std::string::npos);
    }
}

TEST_CASE("lengths of addresses that there are not are refused by name") {
    const Memory memory;
    for (const auto& [bits, code] : {std::pair(32, ErrorCode::Unsupported),
                                     {56, ErrorCode::Unsupported},
                                     {64, ErrorCode::Unsupported},
                                     {0, ErrorCode::Corrupt},
                                     {99, ErrorCode::Corrupt}}) {
        Machine machine;
        machine.va_bits = bits;
        const auto mapping = map(memory.dump, machine.text());
        REQUIRE_FALSE(mapping.walker);
        CHECK(mapping.walker.error().code == code);
        CHECK(mapping.walker.error().message.find(fmt::format("{} bits (NUMBER(VA_BITS)", bits)) !=
              std::string::npos);
        CHECK(known_place(mapping, link) == ram + firmware);
    }
    for (const int bits : {39, 48, 57}) {
        Machine machine;
        machine.va_bits = bits;
        CHECK(map(memory.dump, machine.text()).walker);
    }
}

TEST_CASE("VMCOREINFO gives the architecture away") {
    CHECK(riscv64::recognises(VmcoreInfo(Machine().text())));
    CHECK_FALSE(riscv64::recognises(VmcoreInfo("NUMBER(VA_BITS)=48\nNUMBER(kimage_voffset)=0x0\n")));
}

TEST_CASE("where the struct page of frame 0 would lie") {
    const VmcoreInfo info("NUMBER(VMEMMAP_START)=0xffffffc500000000\nNUMBER(phys_ram_base)=2147483648\n");
    CHECK(riscv64::page_structs(info, std::nullopt, 64) == 0xffffffc500000000 - 0x80000 * 64);
    CHECK(riscv64::page_structs(info, 0x78000, 64) == 0xffffffc500000000 - 0x78000 * 64);
    CHECK(riscv64::page_structs(VmcoreInfo("NUMBER(VMEMMAP_START)=0xffffffc500000000\n"), std::nullopt, 64) ==
          std::nullopt);
    CHECK(riscv64::page_structs(VmcoreInfo("NUMBER(phys_ram_base)=2147483648\n"), 0x80000, 64) ==
          std::nullopt);
}

TEST_CASE("the length of vmalloc space") {
    const Memory memory;
    const PhysicalMemory physical(memory.dump);
    const auto bytes = [&](const char* text) {
        return riscv64::vmalloc_bytes(physical, VmcoreInfo(text), {});
    };
    CHECK(
        bytes("NUMBER(VMALLOC_START)=0xffff8f8000000000\nNUMBER(VMALLOC_END)=0xffffaf8000000000\n").value() ==
        0x200000000000);
    CHECK(bytes("NUMBER(VMALLOC_START)=0xffff8f8000000000\n").error().code == ErrorCode::NotFound);
    CHECK(bytes("NUMBER(VMALLOC_START)=0x2000\nNUMBER(VMALLOC_END)=0x1000\n").error().code ==
          ErrorCode::Corrupt);
}

}  // namespace riscv64_kernel_map_test
