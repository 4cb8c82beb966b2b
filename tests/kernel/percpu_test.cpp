// Per-CPU variables of kernels with and without SMP, and counts of CPUs that cannot be.
#include "kernel/percpu.h"

#include <doctest/doctest.h>

#include "support/fake_kernel.h"

namespace percpu_test {

using namespace postmortem;
using test::FakeBuild;
using test::FakeKernel;

namespace {

void add_runqueue_type(FakeKernel& fake) {
    const auto word = fake.types().integer("long", fake.word());
    fake.types().structure("rq", 64, {{"curr", word, 128}});
}

}  // namespace

TEST_CASE("each CPU has its own copy of a variable") {
    // Zero-based until 6.14; since then, and on 32-bit machines ever since, a symbol has a kernel address,
    // and offsets are relative to it.
    const struct {
        FakeBuild build;
        std::uint64_t symbol;
    } cases[] = {{FakeBuild::X86_64, 0x1c0},
                 {FakeBuild::X86_64, 0xffffffff81180000ull},
                 {FakeBuild::I386, 0xc1180000},
                 {FakeBuild::I386Pae, 0xc1180000}};
    for (const auto& [build, symbol] : cases) {
        FakeKernel fake(build);
        add_runqueue_type(fake);
        fake.put<std::uint32_t>(fake.variable("nr_cpu_ids", 4), 3);
        const std::uint64_t offsets = fake.variable("__per_cpu_offset", fake.word() * 3);
        fake.symbol("runqueues", symbol);
        std::vector<std::uint64_t> places;
        for (std::uint64_t cpu = 0; cpu < 3; ++cpu) {
            places.push_back(fake.allocate(0x400));
            fake.put_word(offsets + fake.word() * cpu, places[cpu] - symbol);
            fake.put_word(places[cpu] + 16, 100 + cpu);
        }
        const auto kernel = fake.open();
        CHECK(cpu_limit(*kernel).value() == 3);
        for (std::uint32_t cpu = 0; cpu < 3; ++cpu) {
            CHECK(per_cpu_address(*kernel, "runqueues", cpu).value() == places[cpu]);
            CHECK(per_cpu_variable(*kernel, "runqueues", "rq", cpu)["curr"].u64().value() == 100 + cpu);
        }
        CHECK(per_cpu_address(*kernel, "no_such", 0).error().code == ErrorCode::NotFound);
        CHECK(per_cpu_address(*kernel, "runqueues", 8192).error().code == ErrorCode::InvalidArgument);
        CHECK(per_cpu_address(*kernel, "runqueues", ~0u).error().code == ErrorCode::InvalidArgument);
        CHECK(per_cpu_variable(*kernel, "runqueues", "no_such", 0).u64().error().code == ErrorCode::NotFound);
    }
}

TEST_CASE("a kernel without SMP has one CPU and plain variables") {
    FakeKernel fake;
    add_runqueue_type(fake);
    const std::uint64_t runqueue = fake.variable("runqueues", 64);
    fake.put_u64(runqueue + 16, 5);
    const auto kernel = fake.open();
    CHECK(cpu_limit(*kernel).value() == 1);
    CHECK(per_cpu_variable(*kernel, "runqueues", "rq", 0)["curr"].u64().value() == 5);
    CHECK(per_cpu_address(*kernel, "runqueues", 1).error().code == ErrorCode::NotFound);
}

TEST_CASE("a count of CPUs that no kernel allows is an error and not a loop") {
    for (const std::uint32_t count : {0u, 8193u, ~0u}) {
        FakeKernel fake;
        fake.put<std::uint32_t>(fake.variable("nr_cpu_ids", 4), count);
        CHECK(cpu_limit(*fake.open()).error().code == ErrorCode::Corrupt);
    }
    FakeKernel fake;
    fake.exclude(fake.variable("nr_cpu_ids", 4));
    CHECK(cpu_limit(*fake.open()).error().code == ErrorCode::PageExcluded);
}

}  // namespace percpu_test
