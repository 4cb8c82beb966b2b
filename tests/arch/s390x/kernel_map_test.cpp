// What VMCOREINFO tells of an s390x kernel's addresses: apart from memory since 6.10, the physical ones
// before.
#include "arch/s390x/kernel_map.h"

#include <doctest/doctest.h>

#include "support/kernel_mapping.h"
#include "support/sparse_dump.h"

namespace s390x_kernel_map_test {

using namespace postmortem;
using test::known_place;
using test::SparseDump;

namespace {

constexpr std::uint64_t gib = 1ull << 30, image = 0x3ffe0000000, image_physical = 0x12300000;
constexpr std::uint64_t tables_at = 0x1e00000;

const char* const apart =
    "SYMBOL(swapper_pg_dir)=3ffe1e00000\nIDENTITYBASE=20000000000\nKERNELOFFSET=3ffe0000000\n"
    "KERNELOFFPHYS=12300000\nSAMODE31=7fffd000\nSYMBOL(lowcore_ptr)=3ffe1d00000\n";
const char* const identical = "SYMBOL(swapper_pg_dir)=1e00000\nKERNELOFFSET=0\nSAMODE31=7fffd000\n";

struct Memory {
    explicit Memory(std::uint64_t root) : dump(4096, Endian::Big) {
        dump.change_info().max_pfn = gib / 4096;
        dump.put<std::uint64_t>(root, 0x24);  // the third region's, mapping nothing
        // The last 2 GiB below 4 TiB: the segment of `image`, 1 MiB
        dump.put<std::uint64_t>(root + 2047 * 8, (root + 0x4000) | 0x4);
        for (std::uint64_t i = 0; i < 2048; ++i) dump.put<std::uint64_t>(root + 0x4000 + i * 8, 0x20);
        dump.put<std::uint64_t>(root + 0x4000 + (image >> 20 & 2047) * 8, image_physical | 0x400);
    }
    SparseDump dump;
};

}  // namespace

TEST_CASE("the image lies apart from memory, each wherever it was put") {
    const Memory memory(image_physical + tables_at);
    const PhysicalMemory physical(memory.dump);
    const auto mapping = s390x::map_kernel(physical, VmcoreInfo(apart));
    REQUIRE(mapping.walker);
    CHECK((*mapping.walker)->walk(image + 0x1234).value().paddr == image_physical + 0x1234);
    CHECK(known_place(mapping, image + 0x1234) == image_physical + 0x1234);
    CHECK(known_place(mapping, 0x20000000000 + gib - 1) == gib - 1);
    CHECK(known_place(mapping, 0x20000000000 + gib) == std::nullopt);
    CHECK(known_place(mapping, 0x1000) == std::nullopt);
}

TEST_CASE("where memory would be mapped beyond the last address, it is mapped nowhere") {
    const Memory memory(image_physical + tables_at);
    const PhysicalMemory physical(memory.dump);
    for (const char* damaged : {"IDENTITYBASE=fffffffffffff000\n", "IDENTITYBASE=ffffffffffffffff\n"}) {
        std::string text = apart;
        text.replace(text.find("IDENTITYBASE"),
                     text.find('\n', text.find("IDENTITYBASE")) + 1 - text.find("IDENTITYBASE"), damaged);
        const auto mapping = s390x::map_kernel(physical, VmcoreInfo(text));
        REQUIRE(mapping.walker);
        CHECK_FALSE(mapping.all_memory);
        CHECK(known_place(mapping, image + 0x1234) == image_physical + 0x1234);
    }
}

TEST_CASE("before, addresses were the physical ones") {
    const Memory memory(tables_at);
    const PhysicalMemory physical(memory.dump);
    const auto mapping = s390x::map_kernel(physical, VmcoreInfo(identical));
    REQUIRE(mapping.walker);
    CHECK((*mapping.walker)->walk(image).value().paddr == image_physical);
    CHECK(known_place(mapping, 0x1234) == 0x1234);
    CHECK(known_place(mapping, gib) == std::nullopt);
}

TEST_CASE("without the tables' place, or the tables, the answer says so") {
    Memory memory(tables_at);
    memory.dump.fail_page(tables_at, ErrorCode::PageExcluded);
    const PhysicalMemory physical(memory.dump);
    CHECK(s390x::map_kernel(physical, VmcoreInfo("KERNELOFFSET=0\n")).walker.error().code ==
          ErrorCode::MissingDebugInfo);
    CHECK(s390x::map_kernel(physical, VmcoreInfo(identical)).walker.error().code == ErrorCode::PageExcluded);
    CHECK(s390x::map_user(physical, VmcoreInfo(identical), 2 * gib).error().code == ErrorCode::NoSuchMemory);
}

TEST_CASE("VMCOREINFO gives the architecture away") {
    CHECK(s390x::recognises(VmcoreInfo(apart)));
    CHECK_FALSE(s390x::recognises(VmcoreInfo("SYMBOL(swapper_pg_dir)=1e00000\nKERNELOFFSET=0\n")));
}

TEST_CASE("the length of vmalloc space") {
    const Memory memory(tables_at);
    const PhysicalMemory physical(memory.dump);
    const auto bytes = [&](std::uint64_t start, std::uint64_t end) {
        const std::uint64_t values[] = {start, end};
        return s390x::vmalloc_bytes(physical, VmcoreInfo(identical), values);
    };
    CHECK(bytes(0x37f00000000, 0x3ffe0000000).value() == 0x80e0000000);
    CHECK(bytes(0, 0x3ffe0000000).error().code == ErrorCode::NotFound);
    CHECK(bytes(0x3ffe0000000, 0x37f00000000).error().code == ErrorCode::Corrupt);
}

}  // namespace s390x_kernel_map_test
