// xarrays and the radix trees before them: every depth, every kind of entry, and trees that are none.
#include "kernel/xarray.h"

#include <chrono>

#include <doctest/doctest.h>

#include "support/btf_builder.h"
#include "support/sparse_dump.h"
#include "types/btf.h"

namespace xarray_test {

using namespace postmortem;
using test::BtfBuilder;
using test::SparseMemory;

namespace {

constexpr std::uint64_t head_at = 0xffff888000001000ull;

// An xarray or a radix tree of 64-slot nodes, each on a page of its own.
struct Tree {
    explicit Tree(bool is_xarray = true, std::uint32_t slots = 64, std::uint32_t declared_slots = 0)
        : internal(is_xarray ? 2 : 1), slot_count(slots) {
        BtfBuilder b;
        const auto u8 = b.integer("unsigned char", 1), u64 = b.integer("unsigned long", 8);
        const auto pointer = b.pointer(0);
        const auto array = b.array(pointer, declared_slots ? declared_slots : slots);
        b.structure(is_xarray ? "xarray" : "radix_tree_root", 16,
                    {{"flags", u64, 0}, {is_xarray ? "xa_head" : "rnode", pointer, 64}});
        b.structure(is_xarray ? "xa_node" : "radix_tree_node", 600,
                    {{"shift", u8, 0}, {"offset", u8, 8}, {"slots", array, 320}});
        types = std::move(*open_btf(b.bytes(), "BTF"));
        type = types->find_struct(is_xarray ? "xarray" : "radix_tree_root").value();
        memory.put<std::uint64_t>(head_at, 0);
    }

    std::uint64_t node(std::uint8_t shift) {
        next_node += 4096;
        memory.write(next_node, std::vector<std::byte>(40 + slot_count * 8));
        memory.put<std::uint8_t>(next_node, shift);
        return next_node | internal;
    }
    void set_head(std::uint64_t entry) { memory.put<std::uint64_t>(head_at + 8, entry); }
    void set(std::uint64_t node_entry, std::uint64_t slot, std::uint64_t entry) {
        memory.put<std::uint64_t>(node_entry - internal + 40 + slot * 8, entry);
    }

    using Entries = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

    Entries walk(std::size_t most = 1 << 20) {
        Entries entries;
        errors.clear();
        for_each_xarray_entry(
            Object(memory, *types, type, head_at),
            [&](std::uint64_t index, std::uint64_t entry) {
                entries.emplace_back(index, entry);
                return entries.size() < most;
            },
            [&](const Error& error) { errors.push_back(error); });
        return entries;
    }

    SparseMemory memory;
    std::unique_ptr<TypeFinder> types;
    TypeId type = 0;
    std::uint64_t internal;
    std::uint32_t slot_count;
    std::uint64_t next_node = 0xffff888000010000ull;
    std::vector<Error> errors;
};

}  // namespace

TEST_CASE("an empty array has no entries, a single one lies in its head") {
    for (const bool is_xarray : {true, false}) {
        CHECK(Tree(is_xarray).walk().empty());
        Tree tree(is_xarray);
        tree.set_head(0xffff888000009000ull);
        CHECK(tree.walk() == Tree::Entries{{0, 0xffff888000009000ull}});
        CHECK(tree.errors.empty());
    }
}

TEST_CASE("entries come in the order of their indices, through any number of levels") {
    for (const bool is_xarray : {true, false}) {
        for (const std::uint32_t slots : {64u, 16u}) {
            const auto bits = static_cast<std::uint8_t>(slots == 64 ? 6 : 4);
            Tree tree(is_xarray, slots);
            const auto root = tree.node(static_cast<std::uint8_t>(2 * bits));
            const auto left = tree.node(bits), right = tree.node(bits);
            const auto leaf = tree.node(0), far = tree.node(0);
            tree.set_head(root);
            tree.set(root, 0, left);
            tree.set(root, 5, right);
            tree.set(left, 0, leaf);
            tree.set(right, slots - 1, far);
            tree.set(leaf, 0, 0x1000);
            tree.set(leaf, slots - 1, 0x2000);
            tree.set(far, 3, 0x3000);
            const std::uint64_t last = (5ull << 2 * bits) + (std::uint64_t{slots - 1} << bits) + 3;
            CHECK(tree.walk() == Tree::Entries{{0, 0x1000}, {slots - 1, 0x2000}, {last, 0x3000}});
            CHECK(tree.errors.empty());
            CHECK(tree.walk(1).size() == 1);
        }
    }
}

TEST_CASE("values are entries, marks are none") {
    Tree tree(true);
    const auto leaf = tree.node(0);
    tree.set_head(leaf);
    tree.set(leaf, 1, 0x55);            // a value: bit 0
    tree.set(leaf, 2, (3 << 2) | 2);    // a sibling
    tree.set(leaf, 3, (256 << 2) | 2);  // a retry mark
    tree.set(leaf, 4, (257 << 2) | 2);  // a zero entry
    CHECK(tree.walk() == Tree::Entries{{1, 0x55}});
    CHECK(tree.errors.empty());

    Tree old(false);
    const auto old_leaf = old.node(0);
    old.set_head(old_leaf);
    old.set(old_leaf, 1, 0x56);  // exceptional: bit 1
    old.set(old_leaf, 2, 1);     // a retry mark
    CHECK(old.walk() == Tree::Entries{{1, 0x56}});
    CHECK(old.errors.empty());
}

// Linux 4.4 (include/linux/radix-tree.h): the root has the height, nodes have no shift, and between nodes
// pointers are bare.
struct TreeWithHeight {
    static constexpr std::uint64_t top = 0xffff888000010000ull, leaf = top + 4096, far = top + 8192;

    TreeWithHeight(std::uint32_t height, std::uint64_t root_entry, std::uint64_t far_entry = far) {
        BtfBuilder b;
        const auto u32 = b.integer("unsigned int", 4);
        const auto pointer = b.pointer(0);
        b.structure("radix_tree_root", 16,
                    {{"height", u32, 0}, {"gfp_mask", u32, 32}, {"rnode", pointer, 64}});
        b.structure("radix_tree_node", 576,
                    {{"path", u32, 0}, {"count", u32, 32}, {"slots", b.array(pointer, 64), 320}});
        types = std::move(*open_btf(b.bytes(), "BTF"));
        for (const auto node : {top, leaf, far}) memory.write(node, std::vector<std::byte>(576));
        const auto set = [&](std::uint64_t node, std::uint64_t slot, std::uint64_t entry) {
            memory.put<std::uint64_t>(node + 40 + slot * 8, entry);
        };
        memory.put<std::uint32_t>(head_at, height);
        memory.put<std::uint64_t>(head_at + 8, root_entry);
        set(top, 0, leaf);
        set(top, 5, far_entry);
        set(leaf, 1, 0xffff888000007000);
        set(leaf, 2, 0x56);  // exceptional
        set(far, 63, 0xffff888000008000);
        const Object root(memory, *types, types->find_struct("radix_tree_root").value(), head_at);
        for_each_xarray_entry(
            root,
            [&](std::uint64_t index, std::uint64_t entry) {
                entries.emplace_back(index, entry);
                return true;
            },
            [&](const Error& error) { errors.push_back(error); });
        top_shift = top_shift_of_xarray(root);
    }

    SparseMemory memory;
    std::unique_ptr<TypeFinder> types;
    Tree::Entries entries;
    std::vector<Error> errors;
    std::optional<unsigned> top_shift;
};

TEST_CASE("a radix tree whose root alone knows how deep it is") {
    using T = TreeWithHeight;
    const Tree::Entries all = {{1, 0xffff888000007000}, {2, 0x56}, {5 * 64 + 63, 0xffff888000008000}};
    const T tree(2, T::top | 1);
    CHECK(tree.entries == all);
    CHECK(tree.errors.empty());
    CHECK(tree.top_shift == 6u);

    const T marked(2, T::top | 1, T::far | 1);  // below the root, too, as 4.6 does
    CHECK(marked.entries == all);
    CHECK(marked.errors.empty());

    const T single(0, 0xffff888000007000);  // of one entry there is no node
    CHECK(single.entries == Tree::Entries{{0, 0xffff888000007000}});
    CHECK_FALSE(single.top_shift);

    const T absurd(4711, T::top | 1);
    CHECK(absurd.entries.empty());
    REQUIRE(absurd.errors.size() == 1);
    CHECK(absurd.errors[0].message == "a tree claims 4711 levels");
    CHECK_FALSE(absurd.top_shift);
}

TEST_CASE("a lost node costs its own entries") {
    Tree tree;
    const auto root = tree.node(6);
    const auto first = tree.node(0), second = tree.node(0), third = tree.node(0);
    tree.set_head(root);
    tree.set(root, 0, first);
    tree.set(root, 1, second);
    tree.set(root, 2, third);
    tree.set(first, 0, 0x1000);
    tree.set(second, 0, 0x2000);
    tree.set(third, 0, 0x3000);
    tree.memory.fail_page(second & ~0xfffull, ErrorCode::PageExcluded);
    CHECK(tree.walk() == Tree::Entries{{0, 0x1000}, {128, 0x3000}});
    REQUIRE(tree.errors.size() == 1);
    CHECK(tree.errors[0].code == ErrorCode::PageExcluded);
}

TEST_CASE("nodes that are none, lead back upwards or lie too low cost their own entries") {
    Tree tree;
    const auto root = tree.node(6), leaf = tree.node(0), below = tree.node(0), wrong = tree.node(12);
    tree.set_head(root);
    tree.set(root, 0, leaf);
    tree.set(root, 1, root);
    tree.set(root, 2, wrong);
    tree.set(root, 3, tree.node(63));
    tree.set(root, 4, 0xdead000000000102ull);
    tree.set(leaf, 0, 0x1000);
    tree.set(leaf, 1, below);
    tree.set(leaf, 2, root);
    tree.set(leaf, 3, 0x4000);
    CHECK(tree.walk() == Tree::Entries{{0, 0x1000}, {3, 0x4000}});
    CHECK(tree.errors.size() == 6);
}

TEST_CASE("a tree in which every slot leads to the same nodes ends in bounded time") {
    Tree tree;
    std::uint64_t below = tree.node(0);
    for (std::uint64_t slot = 0; slot < 64; ++slot) tree.set(below, slot, 0x1000);
    for (std::uint8_t shift = 6; shift <= 60; shift = static_cast<std::uint8_t>(shift + 6)) {
        const std::uint64_t node = tree.node(shift);
        for (std::uint64_t slot = 0; slot < 64; ++slot) tree.set(node, slot, below);
        below = node;
    }
    tree.set_head(below);
    const auto start = std::chrono::steady_clock::now();
    std::uint64_t visits = 0;
    bool told = false;
    for_each_xarray_entry(
        Object(tree.memory, *tree.types, tree.type, head_at), [&](auto, auto) { return ++visits > 0; },
        [&](const Error& error) { told = error.code == ErrorCode::Corrupt; });
    CHECK(told);
    CHECK(visits > 1000);
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));
}

TEST_CASE("a node type that no kernel has is refused") {
    for (const std::uint32_t declared : {1u, 65u, 100000u, ~0u}) {
        Tree tree(true, 64, declared);
        tree.set_head(tree.node(0));
        CHECK(tree.walk().empty());
        REQUIRE(tree.errors.size() == 1);
        CHECK(tree.errors[0].code == ErrorCode::Corrupt);
    }
}

}  // namespace xarray_test
