// How large a task's stack is: by a type, which a compiler leaves out where nothing is of it, by the symbols
// around the first task's, or by what such kernels usually have.
#include <doctest/doctest.h>

#include "kernel/unwind/stacks.h"
#include "support/fake_kernel.h"

namespace stack_size_test {

using namespace postmortem;
using test::FakeKernel;

namespace {

std::uint64_t size_of_stack(FakeKernel& fake) {
    const auto kernel = fake.open();
    return Stacks(*kernel).of_task(0).high;
}

// Of the machine that the fake kernel is of
constexpr std::uint64_t usual = 16 * 1024;

}  // namespace

TEST_CASE("a stack is as large as what its symbols lie around, by the names of either age") {
    for (const auto& [first, last] :
         {std::pair("__start_init_stack", "__end_init_stack"), {"__start_init_task", "__end_init_task"}}) {
        FakeKernel fake;
        const std::uint64_t stack = fake.variable(first, 0x10000);
        fake.symbol(last, stack + 0x10000);
        CAPTURE(first);
        CHECK(size_of_stack(fake) == 0x10000);
    }
}

TEST_CASE("the type of a stack comes first, and symbols that cannot be true are passed by") {
    FakeKernel typed;
    typed.types().union_of("thread_union", 0x8000, {});
    const std::uint64_t stack = typed.variable("__start_init_stack", 0x10000);
    typed.symbol("__end_init_stack", stack + 0x10000);
    CHECK(size_of_stack(typed) == 0x8000);

    FakeKernel damaged;
    const std::uint64_t start = damaged.variable("__start_init_stack", 0x1000);
    damaged.symbol("__end_init_stack", start + 8);
    CHECK(size_of_stack(damaged) == usual);
    FakeKernel bare;
    CHECK(size_of_stack(bare) == usual);
}

}  // namespace stack_size_test
