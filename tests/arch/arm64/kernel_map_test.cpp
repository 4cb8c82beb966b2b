// What VMCOREINFO tells of an arm64 kernel's addresses: built for more than the CPUs can, randomised or not,
// before and after 5.4 exchanged the halves, or with a word missing.
#include "arch/arm64/kernel_map.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "support/kernel_mapping.h"
#include "support/sparse_dump.h"

namespace arm64_kernel_map_test {

using namespace postmortem;
using test::known_place;
using test::SparseDump;

namespace {

constexpr std::uint64_t ram = 0x40000000, root = ram + 0x10000, gib = 1ull << 30;

struct Machine {
    std::uint64_t page_size = 4096;
    int va_bits = 48, t1sz = 16;
    std::uint64_t image = 0xffff800080000000, phys_offset = ram;
    std::string more;

    std::string text() const {
        const std::uint64_t voffset = image - ram;
        return fmt::format(
            "PAGESIZE={}\nSYMBOL(swapper_pg_dir)={:x}\nSYMBOL(_stext)={:x}\nNUMBER(VA_BITS)={}\n"
            "NUMBER(TCR_EL1_T1SZ)=0x{:x}\nNUMBER(kimage_voffset)=0x{:x}\nNUMBER(PHYS_OFFSET)=0x{:x}\n{}",
            page_size, root + voffset, image + 0x10000, va_bits, t1sz, voffset, phys_offset, more);
    }
};

KernelMapping map(const SparseDump& dump, const std::string& text) {
    const PhysicalMemory physical(dump);
    return arm64::map_kernel(physical, VmcoreInfo(text));
}

struct Memory {
    explicit Memory(std::uint64_t page_size) : dump(static_cast<std::uint32_t>(page_size)) {
        dump.change_info().max_pfn = (ram + gib) / page_size;
    }
    SparseDump dump;
};

}  // namespace

TEST_CASE("the linear map is the lower half since 5.4, the image lies in the upper one") {
    const Memory memory(4096);
    const auto mapping = map(memory.dump, Machine().text());
    REQUIRE(mapping.walker);
    CHECK(known_place(mapping, 0xffff000000000000) == ram);
    CHECK(known_place(mapping, 0xffff000000000000 + gib - 1) == ram + gib - 1);
    CHECK(known_place(mapping, 0xffff000000000000 + gib) == std::nullopt);
    CHECK(known_place(mapping, 0xffff800080000000) == ram);
    CHECK(known_place(mapping, 0xffff80007fffffff) == std::nullopt);
}

TEST_CASE("before 5.4 it was the other way round") {
    const Memory memory(4096);
    Machine machine;
    machine.image = 0xffff000008000000;
    const auto mapping = map(memory.dump, machine.text());
    REQUIRE(mapping.walker);
    CHECK(known_place(mapping, 0xffff800000000000 + 0x1234) == ram + 0x1234);
    CHECK(known_place(mapping, 0xffff000008000000) == ram);
}

TEST_CASE("built for 52 bits, on a machine of 48: PHYS_OFFSET is negative") {
    const Memory memory(4096);
    Machine machine;
    machine.va_bits = 52;
    machine.phys_offset = ram - (0xffff000000000000 - 0xfff0000000000000);
    const auto mapping = map(memory.dump, machine.text());
    REQUIRE(mapping.walker);
    CHECK(known_place(mapping, 0xffff000000000000 + 0x5678) == ram + 0x5678);
    CHECK(known_place(mapping, 0xfff0000000000000) == std::nullopt);
}

TEST_CASE("the levels are those of the CPUs, but for pages of 64 KiB") {
    constexpr std::uint64_t vaddr = 0xffffd00000000000;
    struct Case {
        std::uint64_t page_size;
        int va_bits, t1sz;
        unsigned top_shift;
        std::uint64_t index;
    };
    for (const Case& c : {Case{4096, 52, 12, 48, 0xf},
                          {4096, 52, 16, 39, 0x1a0},
                          {16384, 52, 12, 47, 0x1f},
                          {16384, 48, 16, 47, 1},
                          {16384, 52, 17, 36, 0x500},
                          {65536, 52, 12, 42, 0x3f4},
                          {65536, 52, 16, 42, 0x3f4},
                          {65536, 48, 16, 42, 0x34}}) {
        CAPTURE(c.page_size);
        CAPTURE(c.t1sz);
        Memory memory(c.page_size);
        Machine machine;
        machine.page_size = c.page_size;
        machine.va_bits = c.va_bits;
        machine.t1sz = c.t1sz;
        // The one entry that is looked at points to a table which the dump lacks: the reason names it.
        memory.dump.put<std::uint64_t>(root + c.index * 8, (ram + 0x3210000) | 3);
        const PhysicalMemory physical(memory.dump);
        const auto mapping = arm64::map_kernel(physical, VmcoreInfo(machine.text()));
        REQUIRE(mapping.walker);
        const auto found = (*mapping.walker)->walk(vaddr);
        REQUIRE_FALSE(found);
        CHECK(found.error().message.find("0x43210000") != std::string::npos);
    }
}

TEST_CASE("without a word that it needs, the answer names it") {
    const Memory memory(4096);
    for (const std::string word : {"SYMBOL(swapper_pg_dir)", "NUMBER(kimage_voffset)", "NUMBER(VA_BITS)"}) {
        std::string text = Machine().text();
        text.replace(text.find(word), 1, "x");
        const auto mapping = map(memory.dump, text);
        REQUIRE_FALSE(mapping.walker);
        CHECK(mapping.walker.error().code == ErrorCode::MissingDebugInfo);
        CHECK(mapping.walker.error().message.find(word) != std::string::npos);
    }
}

TEST_CASE("without T1SZ addresses are as long as the kernel was built for") {
    const Memory memory(4096);
    std::string text = Machine().text();
    text.replace(text.find("NUMBER(TCR_EL1_T1SZ)"), 1, "x");
    CHECK(map(memory.dump, text).walker);
}

TEST_CASE("sizes that no kernel has are refused by name") {
    for (const auto& [page_size, va_bits, t1sz, code, word] :
         {std::tuple(4096ull, 47, 17, ErrorCode::Unsupported, "NUMBER(TCR_EL1_T1SZ)=0x11"),
          {65536ull, 39, 25, ErrorCode::Unsupported, "NUMBER(TCR_EL1_T1SZ)=0x19"},
          {8192ull, 48, 16, ErrorCode::Unsupported, "8192 bytes (PAGESIZE"},
          {0ull, 48, 16, ErrorCode::Unsupported, "0 bytes (PAGESIZE"},
          {4096ull, 60, 16, ErrorCode::Corrupt, "60 bits (NUMBER(VA_BITS)"},
          {4096ull, 48, 99, ErrorCode::Unsupported, "NUMBER(TCR_EL1_T1SZ)=0x63"},
          {4097ull, 48, 16, ErrorCode::Unsupported, "4097 bytes (PAGESIZE"}}) {
        const Memory memory(4096);
        Machine machine;
        machine.page_size = page_size;
        machine.va_bits = va_bits;
        machine.t1sz = t1sz;
        const auto mapping = map(memory.dump, machine.text());
        REQUIRE_FALSE(mapping.walker);
        CHECK(mapping.walker.error().code == code);
        CHECK(mapping.walker.error().message.find(word) != std::string::npos);
        CHECK(known_place(mapping, 0xffff800080000000) == ram);
    }
}

TEST_CASE("a signature is taken off addresses of the kernel's half alone") {
    const std::uint64_t bits =
        arm64::signature_bits(VmcoreInfo("NUMBER(KERNELPACMASK)=0xffff000000000000\n"));
    CHECK(arm64::strip_signature(0x1b8ad5b3a3f13040, bits) == 0xffffd5b3a3f13040);
    CHECK(arm64::strip_signature(0xffffd5b3a3f13040, bits) == 0xffffd5b3a3f13040);
    CHECK(arm64::strip_signature(0x0000d5b3a3f13040, bits) == 0x0000d5b3a3f13040);
    CHECK(arm64::signature_bits(VmcoreInfo("PAGESIZE=4096\n")) == 0);
    CHECK(arm64::strip_signature(0x1b8ad5b3a3f13040, 0) == 0x1b8ad5b3a3f13040);
}

TEST_CASE("the length of vmalloc space") {
    const Memory memory(4096);
    const PhysicalMemory physical(memory.dump);
    const auto bytes = [&](const char* text) { return arm64::vmalloc_bytes(physical, VmcoreInfo(text), {}); };
    CHECK(
        bytes("NUMBER(VMALLOC_START)=0xffff800080000000\nNUMBER(VMALLOC_END)=0xfffffbffff800000\n").value() ==
        0x7bff7f800000);
    CHECK(bytes("NUMBER(VMALLOC_START)=0xffff800080000000\n").error().code == ErrorCode::NotFound);
    CHECK(bytes("NUMBER(VMALLOC_START)=0x2000\nNUMBER(VMALLOC_END)=0x1000\n").error().code ==
          ErrorCode::Corrupt);
}

}  // namespace arm64_kernel_map_test
