// The interrupt lines of real dumps against the guest's own /proc/interrupts.
#include <map>
#include <sstream>

#include <doctest/doctest.h>

#include <postmortem/crash_dump.h>
#include <postmortem/interrupts.h>

#include "support/proc_truth.h"
#include "support/real_dumps.h"

namespace interrupts_real_test {

using namespace postmortem;
using postmortem::test::ProcTruth;

namespace {

InterruptTable sample() {
    InterruptTable table;
    table.cpus = {0, 1};
    IrqLine line;
    line.number = 9;
    line.descriptor = 0xffff888c411b4600;
    line.actions = {{0xffff888c419d1300, "acpi", 0, "acpi_irq"}};
    line.chip = "IO-APIC";
    line.flow = "fasteoi";
    line.affinity = {0, 1, 2, 3, 7};
    line.counts = {117u, std::nullopt};
    table.lines.push_back(line);
    line.number = 10;
    line.actions.clear();
    table.lines.push_back(line);
    table.lines.push_back({});
    table.lines.back().number = 16;
    table.softirqs = {{1, 0xffffffff9f544b00, "run_timer_softirq"}};
    return table;
}

}  // namespace

TEST_SUITE("real dumps") {
    TEST_CASE("the interrupt lines of a real dump are those of /proc/interrupts") {
        for (const auto& path : test::real_dumps("vmcore")) {
            const auto truth = ProcTruth::beside(path);
            const auto file = truth ? truth->file("/proc/interrupts") : std::nullopt;
            if (!file || file->empty()) continue;
            CAPTURE(path.string());
            const auto dump = CrashDump::open(path);
            REQUIRE_MESSAGE(dump, dump.error().message);
            const auto table = interrupts(*dump);
            REQUIRE(table);
            if (!table->problems.empty()) continue;  // an extract lacks what is read here
            std::istringstream lines{std::string(*file)};
            std::string header;
            std::getline(lines, header);
            std::size_t compared = 0;
            for (std::string line; std::getline(lines, line);) {
                std::istringstream words(line);
                std::uint32_t number = 0;
                char colon = 0;
                if (!(words >> number >> colon) || colon != ':') continue;
                CAPTURE(line);
                REQUIRE(number < table->lines.size());
                const IrqLine& ours = table->lines[number];
                // What came since /proc was read adds to it.
                for (const auto& count : ours.counts) {
                    std::uint32_t before = 0;
                    const bool there = static_cast<bool>(words >> before);
                    REQUIRE(there);
                    REQUIRE(count.has_value());
                    CHECK(*count >= before);
                    const std::uint32_t since = *count - before;
                    CHECK(since < 10000);
                }
                std::string names;
                for (const IrqAction& action : ours.actions)
                    names += (names.empty() ? "" : ", ") + action.name;
                CHECK(line.ends_with(names));
                if (!ours.chip.empty()) CHECK(line.find(ours.chip) != std::string::npos);
                ++compared;
            }
            CHECK(compared > 5);
        }
    }
}

TEST_CASE("interrupt lines are printed as crash prints them") {
    const InterruptTable table = sample();
    CHECK(to_text(table) ==
          " IRQ   IRQ_DESC/_DATA      IRQACTION      NAME\n"
          "  9   ffff888c411b4600  ffff888c419d1300  \"acpi\"\n"
          " 10   ffff888c411b4600      (unused)      \n"
          " 16       (unused)          (unused)      \n");
    CHECK(to_text(table, InterruptView::UsedLines).find(" 16 ") == std::string::npos);
    CHECK(to_text(table, InterruptView::Affinities) ==
          "IRQ NAME                 AFFINITY\n"
          "  9 acpi                 0-3,7\n");
    CHECK(to_text(table, InterruptView::Counts) ==
          "           CPU0       CPU1 \n"
          "  9:        117          -  IO-APIC-fasteoi  acpi\n");
    CHECK(to_text(table, InterruptView::SoftIrqs) ==
          "SOFTIRQ_VEC      ACTION     \n"
          "    [1]     ffffffff9f544b00  <run_timer_softirq>\n");
}

}  // namespace interrupts_real_test
