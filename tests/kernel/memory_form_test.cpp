// The size of pages that the kernel tells, where the dump's writer counted in another one.
#include "kernel/memory_form.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "arch/arm64/arm64.h"
#include "arch/x86_64/x86_64.h"
#include "support/sparse_dump.h"

namespace memory_form_test {

using namespace postmortem;

namespace {

std::optional<MemoryForm> form(const Arch& arch, std::uint32_t of_dump, std::uint64_t told) {
    const test::SparseDump dump(of_dump, Endian::Little);
    const PhysicalMemory physical(dump);
    return other_memory_form(arch, physical, VmcoreInfo(fmt::format("OSRELEASE=6.1.0\nPAGESIZE={}\n", told)));
}

}  // namespace

TEST_CASE("QEMU writes arm64's memory in blocks of 64 KiB, whatever the kernel's pages are") {
    for (const std::uint32_t told : {4096u, 16384u}) {
        const auto found = form(arm64::arch, 65536, told);
        REQUIRE(found);
        CHECK(found->page_size == told);
        CHECK(found->endian == Endian::Little);
    }
    CHECK_FALSE(form(arm64::arch, 4096, 4096));
}

TEST_CASE("pages that no kernel of this architecture has are not believed") {
    for (const std::uint64_t told : {0u, 8192u, 12288u, 131072u}) CHECK_FALSE(form(arm64::arch, 4096, told));
    CHECK_FALSE(form(x86_64::arch, 4096, 65536));
    CHECK(form(x86_64::arch, 65536, 4096));
}

}  // namespace memory_form_test
