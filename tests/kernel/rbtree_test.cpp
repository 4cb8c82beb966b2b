// Red-black trees: in order, damaged, looping, endless.
#include "kernel/rbtree.h"

#include <doctest/doctest.h>

#include "support/sparse_dump.h"

namespace rbtree_test {

using namespace postmortem;
using test::SparseMemory;

namespace {

constexpr std::uint64_t root = 0xffff888000000000ull;

std::uint64_t node_at(std::uint64_t key) {
    return root + key * 4096 + 64;
}

// A tree of the keys 1 to `count`, balanced, one node a page.
struct Tree {
    explicit Tree(std::uint64_t count) { memory.put<std::uint64_t>(root, build(1, count, 0)); }

    void put(std::uint64_t key, std::uint64_t parent, std::uint64_t left, std::uint64_t right) {
        memory.put<std::uint64_t>(node_at(key), parent | (key & 1));  // the colour
        memory.put<std::uint64_t>(node_at(key) + 8, right);
        memory.put<std::uint64_t>(node_at(key) + 16, left);
    }

    std::uint64_t build(std::uint64_t first, std::uint64_t last, std::uint64_t parent) {
        if (first > last) return 0;
        const std::uint64_t middle = (first + last) / 2, node = node_at(middle);
        put(middle, parent, build(first, middle - 1, node), build(middle + 1, last, node));
        return node;
    }

    SparseMemory memory;
};

struct Walk {
    std::vector<std::uint64_t> keys;
    Result<void> outcome;
};

Walk walk(const AddressSpace& memory, std::size_t limit = default_tree_limit) {
    Walk seen;
    seen.outcome = for_each_rb_node(
        memory, root,
        [&](std::uint64_t node) {
            seen.keys.push_back((node - root) / 4096);
            return true;
        },
        limit);
    return seen;
}

}  // namespace

TEST_CASE("the nodes of a tree are visited in order") {
    for (const std::uint64_t count : {0, 1, 2, 3, 7, 100}) {
        const Tree tree(count);
        const Walk seen = walk(tree.memory);
        CHECK(seen.outcome);
        REQUIRE(seen.keys.size() == count);
        for (std::uint64_t i = 0; i < count; ++i) CHECK(seen.keys[i] == i + 1);
    }
}

TEST_CASE("a node that names another parent costs what hangs below it, and is told") {
    Tree tree(7);
    tree.memory.put<std::uint64_t>(node_at(2), node_at(7));
    const Walk seen = walk(tree.memory);
    CHECK_FALSE(seen.outcome);
    CHECK(seen.outcome.error().code == ErrorCode::Corrupt);
    CHECK(seen.keys == std::vector<std::uint64_t>{4, 5, 6, 7});
}

TEST_CASE("a child that is not in the dump costs its branch") {
    Tree tree(7);
    tree.memory.put<std::uint64_t>(node_at(6) + 8, node_at(3000));
    const Walk seen = walk(tree.memory);
    CHECK_FALSE(seen.outcome);
    CHECK(seen.keys == std::vector<std::uint64_t>{1, 2, 3, 4, 5, 6});
}

TEST_CASE("a tree that loops or has too many nodes ends") {
    Tree loop(3);
    loop.memory.put<std::uint64_t>(node_at(1) + 16, node_at(2));  // its grandchild is the root
    CHECK_FALSE(walk(loop.memory).outcome);
    Tree twice(3);
    twice.memory.put<std::uint64_t>(node_at(2) + 8, node_at(1));  // both children are one
    CHECK_FALSE(walk(twice.memory).outcome);
    const Tree large(50);
    const Walk seen = walk(large.memory, 20);
    CHECK_FALSE(seen.outcome);
    CHECK(seen.keys.size() <= 20);
}

}  // namespace rbtree_test
