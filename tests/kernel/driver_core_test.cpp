// The devices of a bus or a class, as each age links them.
#include "kernel/driver_core.h"

#include <doctest/doctest.h>

#include "support/fake_kernel.h"

namespace driver_core_test {

using namespace postmortem;
using test::FakeKernel;

namespace {

constexpr std::uint64_t knode_in_owner = 24, n_node_in_knode = 8;

/// A klist of three devices, linked by themselves or by what each keeps apart (struct device_private).
struct FakeBus {
    FakeKernel fake;
    std::uint64_t klist = 0;
    std::vector<std::uint64_t> devices, owners;

    explicit FakeBus(bool in_device) {
        auto& b = fake.types();
        const auto u64 = b.integer("unsigned long", 8);
        const auto list = b.structure("list_head", 16, {{"next", u64, 0}, {"prev", u64, 64}});
        const auto knode =
            b.structure("klist_node", 32, {{"n_klist", u64, 0}, {"n_node", list, 8 * n_node_in_knode}});
        b.structure("klist", 24, {{"k_lock", u64, 0}, {"k_list", list, 64}});
        if (in_device) {
            b.structure("device", 64, {{"knode_bus", knode, 8 * knode_in_owner}});
        } else {
            b.structure("device", 64, {{"p", u64, 0}});
            b.structure("device_private", 64,
                        {{"knode_bus", knode, 8 * knode_in_owner}, {"device", u64, 448}});
        }
        klist = fake.allocate(24);
        std::vector<std::uint64_t> nodes;
        for (int i = 0; i < 3; ++i) {
            devices.push_back(fake.allocate(64));
            owners.push_back(in_device ? devices.back() : fake.allocate(64));
            if (!in_device) fake.put_u64(owners.back() + 56, devices.back());
            nodes.push_back(owners.back() + knode_in_owner + n_node_in_knode);
        }
        fake.link_list(klist + 8, nodes);
    }

    Result<void> walk(std::vector<std::uint64_t>& found, std::vector<Error>& lost, std::size_t most = 100) {
        const auto kernel = fake.open();
        return for_each_device(
            *kernel, kernel->object("klist", klist), DeviceKlist::Bus, most,
            [&](std::uint64_t device) { return found.push_back(device), true; },
            [&](Error error) { lost.push_back(std::move(error)); });
    }
};

}  // namespace

TEST_CASE("devices are found by what links them, in themselves or apart") {
    for (const bool in_device : {true, false}) {
        CAPTURE(in_device);
        FakeBus bus(in_device);
        std::vector<std::uint64_t> found;
        std::vector<Error> lost;
        CHECK(bus.walk(found, lost));
        CHECK(found == bus.devices);
        CHECK(lost.empty());
    }
}

TEST_CASE("a device that cannot be read costs itself, a list that leads away what lies behind") {
    FakeBus bus(false);
    std::vector<std::uint64_t> found;
    std::vector<Error> lost;
    bus.fake.put_u64(bus.owners[1] + knode_in_owner + n_node_in_knode, 0xdead000000000100);
    CHECK_FALSE(bus.walk(found, lost));
    CHECK(found == std::vector<std::uint64_t>{bus.devices[0], bus.devices[1]});
}

TEST_CASE("no list is walked without an end") {
    FakeBus bus(true);
    std::vector<std::uint64_t> found;
    std::vector<Error> lost;
    const std::uint64_t first = bus.owners[0] + knode_in_owner + n_node_in_knode;
    bus.fake.put_u64(bus.owners[2] + knode_in_owner + n_node_in_knode, first);
    CHECK_FALSE(bus.walk(found, lost, 5));
    CHECK(found.size() <= 5);
}

}  // namespace driver_core_test
