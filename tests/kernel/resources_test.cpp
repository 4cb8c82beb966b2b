// Trees of struct resource: whole, and one that comes back to itself.
#include "kernel/resources.h"

#include <doctest/doctest.h>

#include "support/fake_kernel.h"

namespace resources_test {

using namespace postmortem;
using test::FakeKernel;

namespace {

constexpr std::uint64_t parent_at = 32, sibling_at = 40, child_at = 48;

struct Machine {
    Machine() {
        auto& b = fake.types();
        const auto u64 = b.integer("unsigned long long", 8);
        const auto pointer = b.pointer(b.integer("char", 1));
        b.structure("resource", 64,
                    {{"start", u64, 0},
                     {"end", u64, 64},
                     {"name", pointer, 128},
                     {"parent", pointer, parent_at * 8},
                     {"sibling", pointer, sibling_at * 8},
                     {"child", pointer, child_at * 8}});
    }
    std::uint64_t fill(std::uint64_t at, std::uint64_t start, std::uint64_t end, std::string_view name) {
        fake.put_u64(at, start);
        fake.put_u64(at + 8, end);
        if (name.empty()) return at;
        const std::uint64_t text = fake.allocate(64);
        fake.write(text, name);
        fake.put_u64(at + 16, text);
        return at;
    }
    std::uint64_t resource(std::uint64_t start, std::uint64_t end, std::string_view name) {
        return fill(fake.allocate(64), start, end, name);
    }
    FakeKernel fake;
};

}  // namespace

TEST_CASE("each resource stands in front of what lies within it") {
    Machine machine;
    const auto root = machine.fill(machine.fake.variable("iomem_resource", 64), 0, 0xffffffffff, "PCI mem");
    const auto ram = machine.resource(0x1000, 0x9fbff, "System RAM"),
               code = machine.resource(0x2000, 0x2fff, "Kernel code"),
               nameless = machine.resource(0xa0000, 0xbffff, "");
    machine.fake.put_u64(root + child_at, ram);
    machine.fake.put_u64(ram + child_at, code);
    machine.fake.put_u64(ram + sibling_at, nameless);
    const ResourceTree tree = read_resources(*machine.fake.open(), "iomem_resource");
    CHECK(tree.problems.empty());
    REQUIRE(tree.resources.size() == 4);
    const Resource& last = tree.resources[3];
    CHECK(tree.resources[0].name == "PCI mem");
    CHECK(tree.resources[0].depth == 0);
    CHECK(tree.resources[1].address == ram);
    CHECK(tree.resources[2].name == "Kernel code");
    CHECK(tree.resources[2].start == 0x2000);
    CHECK(tree.resources[2].end == 0x2fff);
    CHECK(tree.resources[2].depth == 2);
    CHECK(last.address == nameless);
    CHECK(last.name.empty());
    CHECK(last.depth == 1);
}

TEST_CASE("a tree that comes back to itself ends with what it had") {
    Machine machine;
    const auto root = machine.fill(machine.fake.variable("ioport_resource", 64), 0, 0xffff, "PCI IO");
    const auto one = machine.resource(0, 0x1f, "dma1"), other = machine.resource(0x20, 0x21, "pic1");
    machine.fake.put_u64(root + child_at, one);
    machine.fake.put_u64(one + sibling_at, other);
    machine.fake.put_u64(other + child_at, one);
    const auto kernel = machine.fake.open();
    const ResourceTree tree = read_resources(*kernel, "ioport_resource");
    CHECK(tree.resources.size() == 3);
    REQUIRE(tree.problems.size() == 1);
    CHECK(tree.problems[0].code == ErrorCode::Corrupt);
    CHECK(read_resources(*kernel, "iomem_resource").problems.size() == 1);
}

}  // namespace resources_test
