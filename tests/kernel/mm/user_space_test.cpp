// Where a program has a physical page mapped.
#include "kernel/mm/user_space.h"

#include <doctest/doctest.h>

#include "arch/x86_64/page_tables.h"
#include "support/sparse_dump.h"

namespace user_space_test {

using namespace postmortem;

TEST_CASE("a physical page is found wherever it is mapped, in small pages and large ones") {
    constexpr std::uint64_t text = 0x400000, stack = 0x7ffd'1000'0000, end = 0x7fff'ffff'f000;
    test::SparseDump dump;
    test::PageTableBuilder builder(dump, 0x100000);
    builder.map(text, 0x9000);
    builder.map(text + 0x1000, 0x363e000);
    builder.map(text + 0x5000, 0x9000);
    builder.map(stack, 0x9000);
    builder.map(0x7f00'0000'0000, 0x4000'0000, 0x20'0000);
    const PhysicalMemory physical(dump);
    x86_64::PageTableParams params;
    params.root = builder.root();
    const AddressSpace space(physical, x86_64::make_walker(physical, params));
    const auto at = [&](std::uint64_t page) { return addresses_mapped_to(space, 0x1000, end, page).value(); };
    CHECK(at(0x9000) == std::vector<std::uint64_t>{text, text + 0x5000, stack});
    CHECK(at(0x363e000) == std::vector<std::uint64_t>{text + 0x1000});
    CHECK(at(0x4000'3000) == std::vector<std::uint64_t>{0x7f00'0000'3000});
    CHECK(at(0xa000).empty());
    // Up to the end, and no farther.
    CHECK(addresses_mapped_to(space, text, text + 0x5000, 0x9000).value() == std::vector<std::uint64_t>{text});
}

}  // namespace user_space_test
