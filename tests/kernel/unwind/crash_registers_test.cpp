// Which virtual CPUs still ran the kernel whose memory the dump shows.
#include "kernel/unwind/crash_registers.h"

#include <doctest/doctest.h>

#include "support/fake_code.h"

namespace crash_registers_test {

using namespace postmortem;

TEST_CASE("a virtual CPU's registers are those of the dump's kernel until another one has it") {
    const MemoryLayout& layout = x86_64::arch.memory;
    const std::uint64_t code = 0xffffffff81000010ull, stack = 0xffffc90000004000ull,
                        per_cpu = 0xffff88803ec00000ull;
    const HypervisorCpu in_kernel{test::kernel_registers(code, stack), {per_cpu, 0}};
    SUBCASE("in the kernel, and in a program") {
        CHECK_FALSE(ran_other_code(in_kernel, true, layout));
        CHECK_FALSE(ran_other_code({test::user_registers(), {0, per_cpu}}, true, layout));
    }
    SUBCASE("the capture kernel has per-CPU data of its own") {
        CHECK(ran_other_code(in_kernel, false, layout));
        CHECK(ran_other_code({test::user_registers(), {0, per_cpu}}, false, layout));
    }
    SUBCASE("what starts the capture kernel runs where users' addresses are, and changes no base") {
        CHECK(ran_other_code({test::kernel_registers(0x1f000010, 0x1f008000), {per_cpu, 0}}, true, layout));
    }
    SUBCASE("firmware that the kernel calls runs there on the kernel's stack") {
        CHECK_FALSE(ran_other_code({test::kernel_registers(0x1f000010, stack), {per_cpu, 0}}, true, layout));
    }
    SUBCASE("a CPU that was never started has no base") {
        CHECK_FALSE(ran_other_code({test::kernel_registers(0xfff0, 0), {0, 0}}, false, layout));
    }
}

}  // namespace crash_registers_test
