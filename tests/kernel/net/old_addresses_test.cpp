// Addresses of network devices before 2.6.35.
#include <doctest/doctest.h>

#include "kernel/net/sockets.h"
#include "support/fake_kernel.h"

namespace old_addresses_test {

using namespace postmortem;
using test::FakeKernel;

TEST_CASE("the IPv6 addresses of 2.6.32 hang on each other") {
    FakeKernel fake;
    auto& b = fake.types();
    const auto u64 = b.integer("long unsigned int", 8);
    const auto pointer = b.pointer(u64);
    const auto list = b.structure("list_head", 16, {{"next", pointer, 0}, {"prev", pointer, 64}});
    const auto bytes = b.structure("in6_addr", 16, {{"bits", b.array(u64, 2), 0}});
    const auto address = b.structure("inet6_ifaddr", 64, {{"addr", bytes, 0}, {"if_next", pointer, 256}});
    b.structure("inet6_dev", 32, {{"dev", pointer, 0}, {"addr_list", b.pointer(address), 64}});
    b.structure("net_device", 64,
                {{"name", b.array(b.integer("char", 1), 16), 0},
                 {"dev_list", list, 128},
                 {"ip_ptr", pointer, 256},
                 {"ip6_ptr", pointer, 320}});
    b.structure("net", 32, {{"dev_base_head", list, 0}});
    const std::uint64_t space = fake.allocate(32), device = fake.allocate(64), six = fake.allocate(32),
                        first = fake.allocate(64), second = fake.allocate(64);
    fake.link_list(space, {device + 16});
    fake.write(device, "lo");
    fake.put_u64(device + 40, six);
    fake.put_u64(six + 8, first);
    fake.put<std::uint8_t>(first + 15, 1);  // ::1
    fake.put_u64(first + 32, second);
    fake.put<std::uint8_t>(second, 0xfe);
    const auto kernel = fake.open();
    const auto found = read_network_devices(*kernel, space);
    for (const Error& problem : found.problems) CHECK_MESSAGE(false, problem.message);
    REQUIRE(found.devices.size() == 1);
    REQUIRE(found.devices[0].ipv6.size() == 2);
    CHECK(found.devices[0].ipv6[0][15] == std::byte{1});
    CHECK(found.devices[0].ipv6[1][0] == std::byte{0xfe});
}

}  // namespace old_addresses_test
