// A kernel without the memory controller, one that was told not to use it, and dumps that do not tell: only
// the first two have none.
#include <doctest/doctest.h>

#include "kernel/cgroup/cgroups.h"
#include "support/fake_kernel.h"

namespace memory_controller_test {

using namespace postmortem;
using test::FakeKernel;

namespace {

struct FakeController {
    FakeKernel fake;
    std::uint64_t subsystem = 0, key = 0;

    explicit FakeController(bool with_types = true) {
        if (with_types) {
            const auto word = fake.types().integer("unsigned long", 8);
            const auto number = fake.types().integer("int", 4, true);
            fake.types().structure("cgroup_subsys", 24, {{"root", word, 0}, {"id", number, 64}});
        }
        subsystem = fake.variable("memory_cgrp_subsys", 24);
        key = fake.variable("memory_cgrp_subsys_enabled_key", 16);
        const auto root = fake.variable("cgrp_dfl_root", 64), memcg = fake.variable("root_mem_cgroup");
        fake.put_u64(subsystem, root);
        fake.put<std::uint32_t>(subsystem + 8, 4);
        fake.put<std::uint32_t>(key, 1);
        fake.put_u64(memcg, 0xffff888002000000);
    }
};

}  // namespace

TEST_CASE("the memory controller of a kernel that uses it") {
    FakeController made;
    const auto kernel = made.fake.open();
    const auto controller = read_memory_controller(*kernel);
    REQUIRE(controller);
    CHECK(controller->v2);
    CHECK(controller->id == 4);
}

TEST_CASE("cgroup_disable=memory leaves a root group whose numbers mean nothing") {
    FakeController made;
    made.fake.put<std::uint32_t>(made.key, 0);
    const auto kernel = made.fake.open();
    const auto controller = read_memory_controller(*kernel);
    REQUIRE_FALSE(controller);
    CHECK(controller.error().code == ErrorCode::NotFound);
    CHECK(controller.error().message.find("cgroup_disable=memory") != std::string::npos);
}

TEST_CASE("only a kernel that was built without the memory controller is said to be") {
    FakeKernel fake;
    const auto kernel = fake.open();
    const auto controller = read_memory_controller(*kernel);
    REQUIRE_FALSE(controller);
    CHECK(controller.error().code == ErrorCode::NotFound);
    CHECK(controller.error().message.find("CONFIG_MEMCG") != std::string::npos);
}

TEST_CASE("symbols or types that are missing do not take the memory controller away") {
    FakeKernel without_variables;
    without_variables.symbol("mem_cgroup_css_alloc", 0xffffffff81000100);
    const auto some_symbols = without_variables.open();
    CHECK(read_memory_controller(*some_symbols).error().code == ErrorCode::MissingDebugInfo);
    FakeController without_types(false);
    const auto no_types = without_types.fake.open();
    CHECK(read_memory_controller(*no_types).error().code == ErrorCode::MissingDebugInfo);
}

}  // namespace memory_controller_test
