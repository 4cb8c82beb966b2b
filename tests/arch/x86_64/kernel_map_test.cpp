// What of the kernel's addresses is the image, and what its page tables alone tell.
#include <doctest/doctest.h>

#include "arch/x86_64/x86_64.h"
#include "dump/vmcoreinfo.h"
#include "memory/physical_memory.h"
#include "support/sparse_dump.h"

namespace x86_64_kernel_map_test {

using namespace postmortem;
using test::SparseDump;

namespace {

const std::string tables = "SYMBOL(swapper_pg_dir)=ffffffff81601000\nNUMBER(phys_base)=0\n";

std::uint64_t last_of_image(const std::string& told) {
    const SparseDump dump;
    const PhysicalMemory physical(dump);
    const auto mapping = x86_64::arch.memory.map_kernel(physical, VmcoreInfo(tables + told));
    REQUIRE(mapping.walker);
    REQUIRE(mapping.linear.size() == 1);
    return mapping.linear.front().last;
}

std::uint64_t modules(const std::string& told) {
    for (const KernelBase& base : x86_64::arch.memory.bases(VmcoreInfo(tables + told)))
        if (std::string_view(base.title) == "KERNEL MODULES BASE") return base.otherwise;
    return 0;
}

}  // namespace

TEST_CASE("modules behind a small image are not taken for a part of it") {
    // 2.6.32 and 3.10 without CONFIG_RANDOMIZE_BASE have them at ffffffffa0000000, and tell of no size.
    CHECK(last_of_image("") == 0xffffffff9fffffff);
    CHECK(last_of_image("KERNELOFFSET=0\n") == 0xffffffff9fffffff);
    CHECK(last_of_image("NUMBER(KERNEL_IMAGE_SIZE)=1073741824\n") == 0xffffffffbfffffff);
    CHECK(modules("") == 0xffffffffa0000000);
    CHECK(modules("KERNELOFFSET=1a000000\n") == 0xffffffffc0000000);
    CHECK(modules("NUMBER(KERNEL_IMAGE_SIZE)=536870912\n") == 0xffffffffa0000000);
}

}  // namespace x86_64_kernel_map_test
