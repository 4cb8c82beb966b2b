// `mach` and `dev -p` on real dumps, and as crash prints them.
#include <algorithm>

#include <doctest/doctest.h>

#include <postmortem/crash_dump.h>
#include <postmortem/machine.h>
#include <postmortem/pci_devices.h>

#include "base/text.h"
#include "support/real_dumps.h"

namespace machine_real_test {

using namespace postmortem;

TEST_SUITE("real dumps") {
    TEST_CASE("what is told of the machine agrees with the rest") {
        for (const auto& path : test::real_dumps("vmcore")) {
            CAPTURE(path.string());
            const auto dump = CrashDump::open(path);
            REQUIRE_MESSAGE(dump, dump.error().message);
            const auto told = machine(*dump);
            REQUIRE_MESSAGE(told, told.error().message);
            const SystemInfo system = dump->system_info();
            CHECK(told->memory_bytes == system.memory_bytes);
            CHECK(told->cpus > 0);
            CHECK(told->task_stack_bytes >= 4096);
            for (const MachineBase& base : told->bases)
                if (base.address)
                    CHECK(*base.address >= 1ull << 63);
                else  // never an address that it might have been
                    CHECK(std::any_of(
                        told->problems.begin(), told->problems.end(),
                        [&](const Error& problem) { return contains(problem.message, base.title); }));
            const auto map = machine(*dump, {true, false});
            if (!map || map->memory_map.empty()) continue;  // no x86, or the table is not in the dump
            std::uint64_t usable = 0, last = 0;
            for (const FirmwareRange& range : map->memory_map) {
                CHECK(range.first >= last);
                CHECK(range.end > range.first);
                last = range.end;
                if (range.type == "E820_RAM") usable += range.end - range.first;
            }
            // The kernel counts whole pages, and leaves out the first.
            if (system.memory_bytes) CHECK(usable / *system.memory_bytes <= 1);
        }
    }

    TEST_CASE("without types the machine's memory is not known, which is said") {
        std::size_t bare = 0;
        for (const auto& path : test::real_dumps("vmcore")) {
            CAPTURE(path.string());
            OpenOptions nothing;
            nothing.search_vmlinux = nothing.types.btf = nothing.types.files = false;
            const auto dump = CrashDump::open(path, nothing);
            const auto told = dump ? machine(*dump) : fail(dump.error());
            if (!told || told->memory_bytes) continue;
            CHECK(std::any_of(told->problems.begin(), told->problems.end(), [](const Error& problem) {
                return contains(problem.message, "the machine's memory");
            }));
            ++bare;
        }
        CHECK(bare > 0);
    }

    TEST_CASE("PCI devices have the names of their buses") {
        for (const auto& path : test::real_dumps("vmcore")) {
            CAPTURE(path.string());
            const auto dump = CrashDump::open(path);
            REQUIRE_MESSAGE(dump, dump.error().message);
            const auto buses = pci_buses(*dump);
            if (!buses || !buses->problems.empty()) continue;
            for (const PciBus& bus : buses->buses)
                for (const PciDevice& device : bus.devices) {
                    CHECK(device.name.starts_with(bus.name + ":"));
                    CHECK(device.vendor != 0);
                }
        }
    }
}

TEST_CASE("the firmware's map and PCI devices are printed as crash prints them") {
    Machine machine;
    machine.memory_map = {{0x1000, 0x9fc00, 1, "E820_RAM"}, {0xfffc0000, 0x100000000, 2, "E820_RESERVED"}};
    CHECK(to_text(machine, {true, false, false}) ==
          "      PHYSICAL ADDRESS RANGE         TYPE\n"
          "0000000000001000 - 000000000009fc00  E820_RAM\n"
          "00000000fffc0000 - 0000000100000000  E820_RESERVED\n");
    PciBus bus{0xffff888c41ae7000, "0000:00", true, {}};
    bus.devices.push_back({0xffff888c41b17000, "0000:00:01.1", 0x0101, 0x8086, 0x7010, "ENDPOINT"});
    CHECK(to_text(PciBuses{{bus}, {}}) ==
          "    ROOT BUS     BUSNAME\nffff888c41ae7000 0000:00\n"
          "      PCI DEV      DO:BU:SL.FN  CLASS   PCI_ID      TYPE   \n"
          "  ffff888c41b17000 0000:00:01.1  0101  8086:7010  ENDPOINT \n\n");
}

TEST_CASE("stacks are printed as crash prints them") {
    Machine machine;
    machine.type = "x86_64";
    machine.memory_bytes = 1ull << 30;
    machine.cpus = 1;
    machine.khz = 2096000;
    machine.hz = 250;
    machine.bases = {{"KERNEL VIRTUAL BASE", 0xffff888c40000000}};
    machine.task_stack_bytes = 16384;
    machine.stacks = {{0, StackKind::Irq, 0xffffcf78c0000000, 16384, true},
                      {0, StackKind::VmmCommunication, 0xfffffe0000015000, 8192, false}};
    CHECK(to_text(machine) ==
          "          MACHINE TYPE: x86_64\n           MEMORY SIZE: 1 GB\n                  CPUS: 1\n"
          "       PROCESSOR SPEED: 2096 Mhz\n                    HZ: 250\n             PAGE SIZE: 4096\n"
          "   KERNEL VIRTUAL BASE: ffff888c40000000\n     KERNEL STACK SIZE: 16384\n"
          "        IRQ STACK SIZE: 16384\n            IRQ STACKS:\n                 CPU 0: ffffcf78c0000000\n"
          "         VC STACK SIZE: 8192\n             VC STACKS:\n"
          "                 CPU 0: fffffe0000015000 [unavailable]\n");
}

}  // namespace machine_real_test
