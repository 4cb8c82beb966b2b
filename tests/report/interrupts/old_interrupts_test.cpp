// The interrupt lines of kernels before 2.6.37: what irq_data holds now is the descriptor's own, and counts lie in
// a plain array.
#include <doctest/doctest.h>

#include <postmortem/crash_dump.h>
#include <postmortem/interrupts.h>

#include "support/fake_kernel.h"

namespace old_interrupts_test {

using namespace postmortem;
using test::FakeKernel;

TEST_CASE("descriptors behind an array of pointers, as 2.6.32 keeps them") {
    for (const bool behind_pointer : {true, false}) {  // 2.6.28 has the array itself
        CAPTURE(behind_pointer);
        FakeKernel fake;
        auto& b = fake.types();
        const auto u32 = b.integer("unsigned int", 4), u64 = b.integer("long unsigned int", 8);
        const auto text = b.pointer(b.integer("char", 1));
        const auto chip = b.structure("irq_chip", 16, {{"name", text, 0}});
        const auto action = b.structure("irqaction", 32, {{"handler", u64, 0}, {"name", text, 64}, {"next", u64, 128}});
        const auto mask = b.structure("cpumask", 8, {{"bits", b.array(u64, 1), 0}});
        b.structure("irq_desc", 128,
                    {{"irq", u32, 0},
                     {"kstat_irqs", b.pointer(u32), 128},
                     {"chip", b.pointer(chip), 256},
                     {"action", b.pointer(action), 384},
                     {"affinity", b.array(mask, 1), 512},
                     {"name", text, 640}});
        fake.put<std::uint32_t>(fake.variable("nr_cpu_ids", 4), 2);
        fake.put_u64(fake.variable("__cpu_online_mask"), 3);
        fake.put_u64(fake.variable("__per_cpu_offset", 16), 0x10000);
        fake.put<std::uint32_t>(fake.variable("nr_irqs", 4), 4);
        fake.put_u64(fake.variable("softirq_vec"), fake.variable("run_timer_softirq"));
        const std::uint64_t legacy = fake.variable("irq_desc_legacy", 2 * 128),
                            array = behind_pointer ? fake.allocate(4 * 8) : fake.variable("irq_desc_ptrs", 4 * 8);
        if (behind_pointer) fake.put_u64(fake.variable("irq_desc_ptrs"), array);
        fake.variable("behind");
        const std::uint64_t third = fake.allocate(128), counts = fake.allocate(8), name = fake.allocate(32);
        fake.put_u64(array, legacy);
        fake.put_u64(array + 8, legacy + 128);
        fake.put_u64(array + 24, third);
        fake.put_u64(third + 16, counts);
        fake.put_u64(legacy + 16, counts);
        fake.put_u64(legacy + 128 + 16, counts);
        fake.put<std::uint32_t>(counts, 1043);
        fake.put<std::uint32_t>(counts + 4, 7);
        const std::uint64_t chip_at = fake.allocate(16), action_at = fake.allocate(32);
        fake.write(name, "IO-APIC");
        fake.write(name + 16, "virtio0");
        fake.put_u64(chip_at, name);
        fake.put_u64(third + 32, chip_at);
        fake.put_u64(third + 48, action_at);
        fake.put_u64(action_at + 8, name + 16);
        fake.put_u64(third + 64, 2);
        const auto kernel = fake.open();
        const auto dump = CrashDump::open(kernel->path());
        REQUIRE(dump);
        const auto table = interrupts(*dump);
        REQUIRE(table);
        for (const auto& problem : table->problems) CHECK_MESSAGE(false, problem.message);
        REQUIRE(table->lines.size() == 4);
        CHECK(table->lines[1].descriptor == legacy + 128);
        CHECK(table->lines[2].descriptor == 0);
        const IrqLine& line = table->lines[3];
        CHECK(line.descriptor == third);
        CHECK(line.chip == "IO-APIC");
        REQUIRE(line.actions.size() == 1);
        CHECK(line.actions[0].name == "virtio0");
        CHECK(line.affinity == std::vector<std::uint32_t>{1});
        CHECK(line.counts == std::vector<std::optional<std::uint32_t>>{1043u, 7u});
    }
}

}  // namespace old_interrupts_test
