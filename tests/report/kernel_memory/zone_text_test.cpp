#include <doctest/doctest.h>

#include <postmortem/kernel_memory.h>

namespace zone_text_test {

using namespace postmortem;

TEST_CASE("whether reclaim has given a zone up, of kernels that keep it") {
    KernelMemory memory;
    ZoneRow& zone = memory.zones.emplace_back();
    zone.name = "DMA";
    zone.size = zone.present = 1;
    CHECK(to_text(memory).find("UNRECLAIMABLE") == std::string::npos);
    zone.all_unreclaimable = true;
    zone.pages_scanned = 12;
    CHECK(to_text(memory).find("  ALL_UNRECLAIMABLE: yes  PAGES_SCANNED: 12\n") != std::string::npos);
}

}  // namespace zone_text_test
