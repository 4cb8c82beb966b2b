// `dev -i` as crash prints it, and on real dumps against the guest's own /proc/iomem and /proc/ioports.
#include <sstream>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <postmortem/crash_dump.h>
#include <postmortem/io_resources.h>

#include "support/proc_truth.h"
#include "support/real_dumps.h"

namespace io_resources_test {

using namespace postmortem;

TEST_CASE("resources are printed as crash prints them") {
    IoResources resources;
    resources.ports = {{0xffffffff89c4b1c0, 0, 0xffff, "PCI IO", 0},
                       {0xffff8b2f818d6f80, 0, 0xcf7, "PCI Bus 0000:00", 1}};
    resources.memory = {{0xffffffff89c4b180, 0, 0xffffffffff, "PCI mem", 0},
                        {0xffff8b2fbe8181c0, 0, 0xfff, "Reserved", 1},
                        {0xffff8b2f818d6aa0, 0x100000000, 0x17fffffff, "\033[31mred", 1}};
    CHECK(to_text(resources) ==
          "    RESOURCE        RANGE    NAME\n"
          "ffffffff89c4b1c0  0000-ffff  PCI IO\n"
          "ffff8b2f818d6f80  0000-0cf7  PCI Bus 0000:00\n"
          "\n"
          "    RESOURCE            RANGE        NAME\n"
          "ffffffff89c4b180  00000000-ffffffffff  PCI mem\n"
          "ffff8b2fbe8181c0  00000000-00000fff  Reserved\n"
          "ffff8b2f818d6aa0  100000000-17fffffff  \\x1b[31mred\n");
    resources.ports.clear();
    CHECK(to_text(resources).starts_with("    RESOURCE            RANGE "));
}

TEST_SUITE("real dumps") {
    TEST_CASE("resources of a real dump are those of /proc/iomem and /proc/ioports") {
        for (const auto& path : test::real_dumps("vmcore")) {
            const auto truth = test::ProcTruth::beside(path);
            const auto memory = truth ? truth->file("/proc/iomem") : std::nullopt;
            const auto ports = truth ? truth->file("/proc/ioports") : std::nullopt;
            if (!memory || !ports) continue;
            CAPTURE(path.string());
            const auto dump = CrashDump::open(path);
            REQUIRE_MESSAGE(dump, dump.error().message);
            const IoResources found = io_resources(*dump);
            if (!found.problems.empty()) continue;  // an extract lacks what is read here
            const auto listed = [](const std::vector<IoResource>& resources, int digits) {
                std::string text;
                for (const IoResource& one : resources)
                    if (one.depth > 0)
                        text += fmt::format("{:{}}{:0{}x}-{:0{}x} : {}\n", "", 2 * (one.depth - 1), one.start,
                                            digits, one.end, digits, one.name.empty() ? "<BAD>" : one.name);
                return text;
            };
            CHECK(listed(found.memory, 8) == std::string(*memory));
            // Ports of more than 16 bits are printed as wide as memory (kernel/resource.c, r_show()).
            const bool narrow = !found.ports.empty() && found.ports.front().end <= 0xffff;
            CHECK(listed(found.ports, narrow ? 4 : 8) == std::string(*ports));
        }
    }
}

}  // namespace io_resources_test
