// `net -a` as crash prints it.
#include <doctest/doctest.h>

#include <postmortem/neighbours.h>

namespace neighbours_test {

using namespace postmortem;

TEST_CASE("neighbours are printed as crash prints them") {
    NeighbourList list;
    CHECK(to_text(list).empty());
    list.neighbours = {{0xffff8b6e9e264a00, "0.0.0.0", "UNKNOWN", "00 00 00 00 00 00", "lo", "NOARP"},
                       {0xffff81003f6bd200, "10.16.64.254", "ETHER", "00:00:0c:07:ac:00", "eth0", "REACHABLE"}};
    CHECK(to_text(list) ==
          "NEIGHBOUR        IP ADDRESS      HW TYPE    HW ADDRESS         DEVICE  STATE\n"
          "ffff8b6e9e264a00 0.0.0.0         UNKNOWN    00 00 00 00 00 00  lo      NOARP\n"
          "ffff81003f6bd200 10.16.64.254    ETHER      00:00:0c:07:ac:00  eth0    REACHABLE\n");
}

}  // namespace neighbours_test
