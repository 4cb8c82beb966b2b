// What VMCOREINFO and memory tell of a ppc64 kernel's addresses: radix tables, or the hash with Linux's tree
// and the list of mapped page structs beside it; and the order of bytes.
#include "arch/ppc64/kernel_map.h"

#include <doctest/doctest.h>

#include "support/sparse_dump.h"

namespace ppc64_kernel_map_test {

using namespace postmortem;
using test::SparseDump;

namespace {

constexpr std::uint64_t gib = 1ull << 30, linear = 0xcull << 60, tables_at = 0x1000000;
constexpr std::uint64_t list_at = 0x2000000, kinds_at = 0x2010000, kind_at = 0x2020000, names_at = 0x2030000;
constexpr std::uint64_t page_structs_at = 0xc00c000000000000, in_tree = 0xc008000000000000,
                        valid = 1ull << 63;

const std::string tables = "OSRELEASE=6.1.0\nPAGESIZE=65536\nSYMBOL(swapper_pg_dir)=c000000001000000\n";
const std::string list =
    "SYMBOL(vmemmap_list)=c000000002000000\nSYMBOL(mmu_psize_defs)=c000000002010000\n"
    "SYMBOL(mmu_vmemmap_psize)=c000000002020000\nSIZE(mmu_psize_def)=104\nOFFSET(mmu_psize_def.shift)=0\n"
    "OFFSET(vmemmap_backing.list)=0\nOFFSET(vmemmap_backing.phys)=8\nOFFSET(vmemmap_backing.virt_addr)=16\n";

struct Memory {
    Memory() {
        dump.change_info().max_pfn = gib >> 16;
        dump.put<std::uint64_t>(tables_at, 0);
    }
    void put_big(std::uint64_t at, std::uint64_t value) { dump.put<std::uint64_t>(at, byte_swap(value)); }
    void add_radix() {
        put_big(tables_at, 0xc000000000000187);
    }  // a page of 512 GiB, for want of smaller ones
    void add_tree() {
        put_big(tables_at + (in_tree >> 44 & 255) * 8, valid | (tables_at + 0x10000));
        put_big(tables_at + 0x10000, valid | (tables_at + 0x20000));
        put_big(tables_at + 0x20000, valid | (tables_at + 0x30000));
        put_big(tables_at + 0x30000, 0xc000000012340187);
    }
    void add_list(std::uint64_t second) {
        dump.put<std::uint64_t>(list_at, linear + list_at + 0x100);
        put_node(list_at + 0x100, second, 0x5000000, page_structs_at);
        put_node(list_at + 0x200, 0, 0x7000000, page_structs_at + 0x1000000);
        dump.put<std::uint32_t>(kind_at, 2);
        dump.put<std::uint32_t>(kinds_at + 2 * 104, 24);
    }
    void put_node(std::uint64_t at, std::uint64_t next, std::uint64_t paddr, std::uint64_t vaddr) {
        dump.put<std::uint64_t>(at, next);
        dump.put<std::uint64_t>(at + 8, paddr);
        dump.put<std::uint64_t>(at + 16, vaddr);
    }
    Result<std::uint64_t> at(std::uint64_t vaddr, const std::string& info) const {
        const PhysicalMemory physical(dump);
        const auto mapping = ppc64::map_kernel(physical, VmcoreInfo(info));
        if (!mapping.walker) return fail(mapping.walker.error());
        return (*mapping.walker)->walk(vaddr).map([](const Translation& found) { return found.paddr; });
    }

    SparseDump dump{1u << 16};
};

}  // namespace

TEST_CASE("radix tables, told by VMCOREINFO or by themselves, hold the linear map too") {
    Memory memory;
    memory.add_radix();
    CHECK(memory.at(linear + 0x1234, tables + "NUMBER(RADIX_MMU)=1\n").value() == 0x1234);
    CHECK(memory.at(linear + 0x1234, tables).value() == 0x1234);
    const PhysicalMemory physical(memory.dump);
    const auto mapping = ppc64::map_kernel(physical, VmcoreInfo(tables));
    CHECK(mapping.linear.empty());
    REQUIRE(mapping.all_memory);
    CHECK(mapping.all_memory->first == linear);
    CHECK(mapping.all_memory->last == linear + gib - 1);
    CHECK(mapping.all_memory->paddr == 0);
}

TEST_CASE("with the hash: memory one to one, Linux's tree, and the list of mapped page structs") {
    for (const char* told : {"", "NUMBER(RADIX_MMU)=0\n"}) {
        CAPTURE(told);
        Memory memory;
        memory.add_tree();
        memory.add_list(linear + list_at + 0x200);
        const std::string info = tables + list + told;
        CHECK(memory.at(linear + 0x123456, info).value() == 0x123456);
        CHECK(memory.at(linear + gib, info).error().code == ErrorCode::NotMapped);
        CHECK(memory.at(in_tree + 8, info).value() == 0x12340008);
        CHECK(memory.at(page_structs_at + 0x123, info).value() == 0x5000123);
        CHECK(memory.at(page_structs_at + 0x1000010, info).value() == 0x7000010);
        CHECK(memory.at(page_structs_at + 0x2000000, info).error().code == ErrorCode::NotMapped);
    }
}

TEST_CASE("a list that loops, leads away or is not told: all else is mapped, and it is said") {
    for (const std::uint64_t second : {linear + list_at + 0x100, std::uint64_t{0x1234}}) {
        Memory memory;
        memory.add_tree();
        memory.add_list(second);
        CHECK(memory.at(linear + 0x123456, tables + list).value() == 0x123456);
        CHECK(memory.at(page_structs_at, tables + list).error().code == ErrorCode::Corrupt);
        CHECK(memory.at(page_structs_at, tables).error().code == ErrorCode::MissingDebugInfo);
    }
    Memory odd;
    odd.add_tree();
    odd.add_list(0);
    odd.dump.put<std::uint32_t>(kinds_at + 2 * 104, 63);
    CHECK(odd.at(page_structs_at, tables + list).error().code == ErrorCode::Corrupt);
}

TEST_CASE("what cannot be translated is named") {
    Memory memory;
    memory.add_tree();
    CHECK(memory.at(linear, "PAGESIZE=65536\n").error().code == ErrorCode::MissingDebugInfo);
    CHECK(memory.at(linear, "PAGESIZE=16384\nSYMBOL(swapper_pg_dir)=c000000001000000\n").error().code ==
          ErrorCode::Unsupported);
    const std::string older = "OSRELEASE=4.16.1\nPAGESIZE=65536\nSYMBOL(swapper_pg_dir)=c000000001000000\n";
    CHECK(memory.at(linear, older).error().code == ErrorCode::Unsupported);
    CHECK(memory.at(linear, tables + "NUMBER(RADIX_MMU)=1\n").error().code == ErrorCode::Corrupt);
    memory.dump.fail_page(tables_at, ErrorCode::PageExcluded);
    CHECK(memory.at(linear, tables).error().code == ErrorCode::PageExcluded);
}

TEST_CASE("the machine's name in memory gives the order of bytes away") {
    Memory memory;
    const auto order = [&](const char* name) {
        memory.dump.write(names_at + 8 + 4 * 65, std::string_view(name, 9));
        return ppc64::byte_order(
            PhysicalMemory(memory.dump),
            VmcoreInfo("SYMBOL(init_uts_ns)=c000000002030000\nOFFSET(uts_namespace.name)=8\n"));
    };
    CHECK(order("ppc64le\0") == Endian::Little);
    CHECK(order("ppc64\0\0\0") == Endian::Big);
    CHECK(order("x86_64\0\0") == std::nullopt);
    CHECK(ppc64::byte_order(PhysicalMemory(memory.dump), VmcoreInfo("")) == std::nullopt);
}

TEST_CASE("the length of vmalloc space, and what gives the architecture away") {
    const Memory memory;
    const PhysicalMemory physical(memory.dump);
    const auto bytes = [&](std::uint64_t start, std::uint64_t end) {
        const std::uint64_t values[] = {start, end};
        return ppc64::vmalloc_bytes(physical, VmcoreInfo(""), values);
    };
    CHECK(bytes(0xc008000000000000, 0xc00a000000000000).value() == 0x2000000000000);
    CHECK(bytes(0, 0xc00a000000000000).error().code == ErrorCode::NotFound);
    CHECK(bytes(0xc00a000000000000, 0xc008000000000000).error().code == ErrorCode::Corrupt);
    CHECK(ppc64::recognises(VmcoreInfo(list)));
    CHECK_FALSE(ppc64::recognises(VmcoreInfo(tables)));
}

}  // namespace ppc64_kernel_map_test
