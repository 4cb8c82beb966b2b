// Tables of ids as layers of pointers, before they were radix trees (4.11): any depth, any width, and damage.
#include "kernel/idr.h"

#include <map>

#include <doctest/doctest.h>

#include "support/fake_kernel.h"

namespace idr_test {

using namespace postmortem;
using test::FakeKernel;

namespace {

// IDR_SIZE: 256 since 3.9 (050a6b47d866), before as many as a long has bits.
struct Layers {
    FakeKernel fake;
    std::uint64_t width, idr;

    explicit Layers(std::uint64_t slots) : width(slots) {
        auto& b = fake.types();
        const auto number = b.integer("int", 4, true);
        const auto layer = b.pointer(b.next_id() + 2);  // the struct behind the array
        const auto slots_of_it = b.array(layer, static_cast<std::uint32_t>(width));
        b.structure("idr_layer", static_cast<std::uint32_t>(16 + 8 * width),
                    {{"prefix", number, 0}, {"ary", slots_of_it, 128}});
        b.structure("idr", 40, {{"top", layer, 64}, {"layers", number, 192}});
        idr = fake.allocate(40);
    }
    std::uint64_t layer() { return fake.allocate(16 + 8 * width); }
    void put(std::uint64_t layer, std::uint64_t slot, std::uint64_t value) {
        fake.put_u64(layer + 16 + 8 * slot, value);
    }
    void set_top(std::uint64_t top, std::uint32_t depth) {
        fake.put_u64(idr + 8, top);
        fake.put<std::uint32_t>(idr + 24, depth);
    }
    std::map<std::uint64_t, std::uint64_t> read(unsigned& broken) {
        const auto kernel = fake.open();
        std::map<std::uint64_t, std::uint64_t> entries;
        for_each_idr_entry(
            kernel->object("idr", idr),
            [&](std::uint64_t id, std::uint64_t entry) {
                entries.emplace(id, entry);
                return true;
            },
            [&](const Error&) { ++broken; });
        return entries;
    }
};

using Entries = std::map<std::uint64_t, std::uint64_t>;

}  // namespace

TEST_CASE("entries of layers, whatever their width and depth") {
    for (const std::uint64_t width : {32u, 64u, 256u})
        for (std::uint32_t depth = 1; depth <= 3; ++depth) {
            CAPTURE(width);
            CAPTURE(depth);
            Layers table(width);
            Entries expected;
            std::uint64_t top = table.layer(), place = top, id = 0;
            table.set_top(top, depth);
            for (std::uint32_t level = depth - 1; level > 0; --level) {
                const auto below = table.layer();
                table.put(place, 3, below);
                id = id * width + 3;
                place = below;
            }
            for (const std::uint64_t slot : {std::uint64_t{0}, width - 1}) {
                table.put(place, slot, 0xffff888001000000 + slot);
                expected[id * width + slot] = 0xffff888001000000 + slot;
            }
            unsigned broken = 0;
            CHECK(table.read(broken) == expected);
            CHECK(broken == 0);
        }
}

TEST_CASE("an empty table has no entries, and no problem") {
    Layers table(256);
    unsigned broken = 0;
    CHECK(table.read(broken).empty());
    CHECK(broken == 0);
}

TEST_CASE("a table that claims too many layers, and a layer that is not there") {
    Layers deep(256);
    deep.set_top(deep.layer(), 1000);
    unsigned broken = 0;
    CHECK(deep.read(broken).empty());
    CHECK(broken == 1);
    Layers lost(256);
    const auto top = lost.layer(), leaf = lost.layer();
    lost.set_top(top, 2);
    lost.put(top, 0, 0xdead000000000000);
    lost.put(top, 1, leaf);
    lost.put(leaf, 5, 0xffff888001000000);
    broken = 0;
    CHECK(lost.read(broken) == Entries{{256 + 5, 0xffff888001000000}});
    CHECK(broken == 1);
}

TEST_CASE("a layer that is its own child has an end") {
    Layers table(256);
    const auto top = table.layer();
    table.set_top(top, 7);
    for (std::uint64_t slot = 0; slot < 256; ++slot) table.put(top, slot, top);
    unsigned broken = 0;
    (void)table.read(broken);
    CHECK(broken >= 1);
}

}  // namespace idr_test
