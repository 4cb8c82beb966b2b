// What `dev -p` prints.
#include <doctest/doctest.h>

#include <postmortem/pci_devices.h>

namespace pci_buses_text_test {

using namespace postmortem;

TEST_CASE("a machine without PCI buses has none, and one of which they are not known is not said to") {
    PciBuses buses;
    CHECK(to_text(buses) == "    ROOT BUS     BUSNAME\n  (none)\n");
    buses.problems.emplace_back(ErrorCode::PageMissing, "the PCI buses: lost");
    CHECK(to_text(buses).empty());
}

}  // namespace pci_buses_text_test
