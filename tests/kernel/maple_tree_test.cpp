// Maple trees: ranges through several levels, both kinds of node, holes, and trees that are none.
#include "kernel/maple_tree.h"

#include <doctest/doctest.h>

#include "support/btf_builder.h"
#include "support/sparse_dump.h"
#include "types/btf.h"

namespace maple_tree_test {

using namespace postmortem;
using test::BtfBuilder;
using test::SparseMemory;

namespace {

constexpr std::uint64_t tree_at = 0xffff888000001000ull;
constexpr std::uint64_t leaf = 1, range = 2, range_with_gaps = 3;

using Range = std::array<std::uint64_t, 3>;
using Ranges = std::vector<Range>;

struct Tree {
    Tree() {
        memory.dump().set_in_place(true);  // what is changed later is seen
        BtfBuilder b;
        const auto u64 = b.integer("unsigned long", 8);
        const auto pointer = b.pointer(0);
        b.structure("maple_tree", 16, {{"ma_flags", u64, 0}, {"ma_root", pointer, 64}});
        b.structure(
            "maple_range_64", 256,
            {{"parent", pointer, 0}, {"pivot", b.array(u64, 15), 64}, {"slot", b.array(pointer, 16), 1024}});
        b.structure(
            "maple_arange_64", 256,
            {{"parent", pointer, 0}, {"pivot", b.array(u64, 9), 64}, {"slot", b.array(pointer, 10), 640}});
        types = std::move(*open_btf(b.bytes(), "BTF"));
        type = types->find_struct("maple_tree").value();
        memory.put<std::uint64_t>(tree_at, 0);
        memory.put<std::uint64_t>(tree_at + 8, 0);
    }

    using Slots = std::vector<std::pair<std::uint64_t, std::uint64_t>>;  // last number, entry

    std::uint64_t node(std::uint64_t kind, const Slots& slots) {
        next += 4096;
        memory.write(next, std::vector<std::byte>(256));
        const std::uint64_t at = kind == range_with_gaps ? 80 : 128,
                            pivots = kind == range_with_gaps ? 9 : 15;
        for (std::size_t i = 0; i < slots.size(); ++i) {
            if (i < pivots) memory.put<std::uint64_t>(next + 8 + 8 * i, slots[i].first);
            memory.put<std::uint64_t>(next + at + 8 * i, slots[i].second);
        }
        return next | kind << 3 | 2;
    }
    void set_root(std::uint64_t entry) { memory.put<std::uint64_t>(tree_at + 8, entry); }

    Ranges walk(std::size_t most = 1000) {
        Ranges found;
        errors.clear();
        for_each_maple_entry(
            Object(memory, *types, type, tree_at),
            [&](std::uint64_t first, std::uint64_t last, std::uint64_t entry) {
                found.push_back({first, last, entry});
                return found.size() < most;
            },
            [&](const Error& error) { errors.push_back(error); });
        return found;
    }

    SparseMemory memory;
    std::unique_ptr<TypeFinder> types;
    TypeId type = 0;
    std::uint64_t next = 0xffff888000010000ull;
    std::vector<Error> errors;
};

constexpr std::uint64_t a = 0xffff888000100000ull, b = a + 8, c = a + 16;
constexpr std::uint64_t end = ~std::uint64_t{0};

}  // namespace

TEST_CASE("an empty tree has no ranges, and one entry may lie in its root") {
    Tree tree;
    CHECK(tree.walk().empty());
    tree.set_root(a);
    CHECK(tree.walk() == Ranges{Range{0, 0, a}});
    CHECK(tree.errors.empty());
}

TEST_CASE("ranges come in order through several levels, without the holes between them") {
    Tree tree;
    const auto low = tree.node(leaf, {{0xfff, 0}, {0x1fff, a}, {0x3fff, b}});
    const auto high = tree.node(leaf, {{0x4fff, 0}, {0x5fff, c}, {end, 0}});
    const auto middle = tree.node(range, {{0x3fff, low}, {end, high}});
    tree.set_root(tree.node(range_with_gaps, {{end, middle}}));
    CHECK(tree.walk() == Ranges{{0x1000, 0x1fff, a}, {0x2000, 0x3fff, b}, {0x5000, 0x5fff, c}});
    CHECK(tree.errors.empty());
    CHECK(tree.walk(2).size() == 2);
}

TEST_CASE(
    "a node that is full ends where its parent says, one that is not holds no slot behind its last range") {
    Tree tree;
    Tree::Slots slots;
    for (std::uint64_t i = 0; i < 16; ++i) slots.emplace_back(i, a + 16 * i);
    const auto full = tree.node(leaf, slots);
    const auto rest = tree.node(leaf, {{end, c}});
    tree.set_root(tree.node(range, {{15, full}, {end, rest}}));
    CHECK(tree.walk().size() == 17);
    // What lies in the last slot of a node that is not full are numbers about it.
    const auto partial = tree.node(leaf, {{0xfff, a}, {end, 0}});
    tree.memory.put<std::uint64_t>((partial & ~0xffull) + 128 + 8 * 15, 0x101);
    tree.set_root(partial);
    CHECK(tree.walk() == Ranges{Range{0, 0xfff, a}});
}

TEST_CASE("a node that cannot be read, is none or leads back costs its own ranges, and is told") {
    Tree tree;
    const auto good = tree.node(leaf, {{0x1fff, b}}), bad = tree.node(leaf, {{0xfff, a}});
    tree.memory.fail_page(bad, ErrorCode::PageExcluded);
    const auto root = tree.node(range, {{0xfff, bad}, {0x1fff, good}, {end, 0}});
    tree.set_root(root);
    CHECK(tree.walk() == Ranges{Range{0x1000, 0x1fff, b}});
    REQUIRE(tree.errors.size() == 1);
    CHECK(tree.errors.front().code == ErrorCode::PageExcluded);

    const auto loop = tree.node(range, {{end, 0}});
    tree.memory.put<std::uint64_t>((loop & ~0xffull) + 128, loop);
    tree.set_root(loop);
    CHECK(tree.walk().empty());
    CHECK(tree.errors.size() == 1);

    tree.set_root(tree.node(leaf, {{0x2fff, a}, {0x1fff, b}, {end, 0}}));  // backwards
    CHECK(tree.walk().size() == 1);
    CHECK(tree.errors.size() == 1);
    tree.set_root(tree.node(7, {{end, a}}));
    CHECK(tree.walk().empty());
    CHECK(tree.errors.size() == 1);
}

TEST_CASE("an entry is told with the slots on the way to it") {
    Tree tree;
    const std::uint64_t low = tree.node(leaf, {{9, 0}, {19, a}, {99, b}}), high = tree.node(leaf, {{end, c}});
    const std::uint64_t root = tree.node(range_with_gaps, {{99, low}, {end, high}});
    std::vector<std::vector<std::uint32_t>> ways;
    walk_maple_tree(
        tree.memory, *tree.types, root,
        [&](const MapleEntry& found) {
            ways.emplace_back(found.slots.begin(), found.slots.end());
            return true;
        },
        [](const Error&) { FAIL("the tree is whole"); });
    CHECK(ways == std::vector<std::vector<std::uint32_t>>{{0, 1}, {0, 2}, {1, 0}});
}

}  // namespace maple_tree_test
