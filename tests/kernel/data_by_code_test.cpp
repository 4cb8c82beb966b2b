// Data by the functions that touch it, in code that an assembler made.
#include "kernel/data_by_code.h"

#include <doctest/doctest.h>

#include "arch/arm64/arm64.h"
#include "arch/x86_64/x86_64.h"
#include "support/memory_image.h"

namespace data_by_code_test {

using namespace postmortem;
using test::MemoryImage;

namespace {

constexpr std::uint64_t text = 0xffff800008010000, init_text = text + 0x10000, data = text + 0x20000;

/// Functions of 64 bytes each.
struct Code : MemoryImage {
    Code() {
        map(text, 0x30000);
        add("_stext", text);
    }
    void add(const std::string& name, std::uint64_t address) { symbols.push_back({name, address, 't'}); }
    /// Each word reads one place: adrp x0, data; ldr x1, [x0, #offset].
    void add_function(const std::string& name, const std::vector<std::uint32_t>& offsets,
                      std::uint64_t area = text) {
        next += 0x40;
        std::uint64_t at = area + next;
        add(name, at);
        add("behind_" + name, at + 0x40);
        for (const std::uint32_t offset : offsets) {
            const auto pages = static_cast<std::uint32_t>((data - at / 4096 * 4096) / 4096);
            put<std::uint32_t>(at, 0x90000000 | (pages & 3) << 29 | (pages >> 2) << 5);
            put<std::uint32_t>(at + 4, 0xf9400001 | offset / 8 << 10);
            at += 8;
        }
    }
    std::optional<std::uint64_t> find(std::string_view name, const Arch& arch = arm64::arch) const {
        const SymbolList list("", symbols);
        const auto found = DataByCode(arch, space(), list).address_of(name);
        return found ? std::optional(*found) : std::nullopt;
    }

    std::vector<Symbol> symbols;
    std::uint64_t next = 0;
};

}  // namespace

TEST_CASE("what one function alone touches is its variable, unless it touches more") {
    Code one, more, none, other;
    one.add_function("get_taint", {0x40});
    CHECK(one.find("tainted_mask") == data + 0x40);
    CHECK_FALSE(one.find("hstates"));
    CHECK_FALSE(one.find("tainted_mask", x86_64::arch));
    more.add_function("get_taint", {0x40, 0x48});
    CHECK_FALSE(more.find("tainted_mask"));
    none.add_function("get_taint", {});
    CHECK_FALSE(none.find("tainted_mask"));
    // What has a name of its own is no other's.
    other.add_function("get_taint", {0x40, 0x48});
    other.add("_totalram_pages", data + 0x48);
    CHECK(other.find("tainted_mask") == data + 0x40);
}

TEST_CASE("of several functions all have to touch it, and at least two have to be there") {
    Code both, alone, apart, lost;
    both.add_function("size_to_hstate", {0x40, 0x48});
    alone.symbols = both.symbols;
    CHECK_FALSE(both.find("hstates"));
    both.add_function("hugetlb_reserve_pages", {0x50, 0x40});
    CHECK(both.find("hstates") == data + 0x40);
    CHECK(both.find("hugetlb_max_hstate") == data + 0x48);  // of the former, and not of the latter
    apart.add_function("size_to_hstate", {0x40});
    apart.add_function("hugetlb_reserve_pages", {0x50});
    CHECK_FALSE(apart.find("hstates"));
    lost.add_function("size_to_hstate", {0x40});
    lost.add_function("hugetlb_reserve_pages", {0x40});
    lost.exclude(text);
    CHECK_FALSE(lost.find("hstates"));
}

TEST_CASE("of a struct that begins with what they touch it is the lowest place") {
    Code code;
    for (const char* function : {"crash_get_memory_size", "sanity_check_segment_list"})
        code.add_function(function, {0x48, 0x40});
    CHECK(code.find("crashk_res") == data + 0x40);
}

TEST_CASE("the code of the kernel's start is gone") {
    Code code;
    code.add("_sinittext", init_text);
    code.add("_einittext", init_text + 0x8000);
    code.add_function("get_taint", {0x40}, init_text);
    CHECK_FALSE(code.find("tainted_mask"));
}

TEST_CASE("what a function calls tells what it hands on") {
    for (const bool by_radix_tree : {true, false}) {
        CAPTURE(by_radix_tree);
        Code code;
        code.add_function(by_radix_tree ? "radix_tree_lookup" : "mtree_load", {});
        const std::uint64_t callee = text + code.next;
        code.add_function("irq_to_desc", {0x40});
        const std::uint64_t at = text + code.next + 8;
        code.put<std::uint32_t>(at, 0x94000000 | (static_cast<std::uint32_t>((callee - at) / 4) & 0x3ffffff));
        CHECK(code.find("irq_desc_tree").has_value() == by_radix_tree);
        CHECK(code.find("sparse_irqs").has_value() != by_radix_tree);
    }
}

TEST_CASE("a part that a kernel was built without has no variables") {
    Code with, without;
    with.add_function("zswap_store", {});
    for (const Code* code : {&with, &without}) {
        const SymbolList list("", code->symbols);
        const DataByCode by_code(arm64::arch, code->space(), list);
        CHECK(by_code.is_absent("zswap_stored_pages") == (code == &without));
        CHECK_FALSE(by_code.is_absent("tainted_mask"));
    }
}

}  // namespace data_by_code_test
