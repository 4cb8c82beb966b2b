// Linked lists: whole, empty, looping, broken, endless.
#include "kernel/lists.h"

#include <chrono>

#include <doctest/doctest.h>

#include "support/sparse_dump.h"

namespace lists_test {

using namespace postmortem;
using test::SparseMemory;

namespace {

constexpr std::uint64_t base = 0xffff888000000000ull;

// A ring of list_heads, one a page, the first being the head.
struct Ring {
    explicit Ring(std::uint64_t nodes) {
        for (std::uint64_t i = 0; i <= nodes; ++i) {
            memory.put<std::uint64_t>(at(i), at((i + 1) % (nodes + 1)));
            memory.put<std::uint64_t>(at(i) + 8, at((i + nodes) % (nodes + 1)));
        }
    }
    static std::uint64_t at(std::uint64_t i) { return base + i * 4096 + 64; }

    SparseMemory memory;
};

struct Walk {
    std::vector<std::uint64_t> nodes;
    Result<void> outcome;
};

Walk walk(const AddressSpace& memory, bool backwards = false, std::size_t limit = default_list_limit) {
    Walk seen;
    const auto visit = [&](std::uint64_t node) {
        seen.nodes.push_back((node - base) / 4096);
        return true;
    };
    seen.outcome = backwards ? for_each_list_node_backwards(memory, Ring::at(0), visit, limit)
                             : for_each_list_node(memory, Ring::at(0), visit, limit);
    return seen;
}

}  // namespace

TEST_CASE("every node is visited in order, forwards and backwards, and the head is none") {
    const Ring ring(5);
    const Walk forwards = walk(ring.memory), backwards = walk(ring.memory, true);
    CHECK(forwards.outcome);
    CHECK(forwards.nodes == std::vector<std::uint64_t>{1, 2, 3, 4, 5});
    CHECK(backwards.outcome);
    CHECK(backwards.nodes == std::vector<std::uint64_t>{5, 4, 3, 2, 1});
    const Ring empty(0);
    CHECK(walk(empty.memory).outcome);
    CHECK(walk(empty.memory).nodes.empty());
}

TEST_CASE("the visitor may stop the walk") {
    const Ring ring(5);
    int visits = 0;
    CHECK(for_each_list_node(ring.memory, Ring::at(0), [&](std::uint64_t) { return ++visits < 2; }));
    CHECK(visits == 2);
}

TEST_CASE("a loop that misses the head ends, wherever it begins and however long it is") {
    for (std::uint64_t tail = 1; tail <= 40; ++tail) {
        for (std::uint64_t back_to = 1; back_to <= tail; ++back_to) {
            Ring ring(40);
            ring.memory.put<std::uint64_t>(Ring::at(tail), Ring::at(back_to));
            const Walk seen = walk(ring.memory);
            REQUIRE_FALSE(seen.outcome);
            CHECK(seen.outcome.error().code == ErrorCode::Corrupt);
            CHECK(seen.outcome.error().message.find("loops") != std::string::npos);
            for (std::uint64_t i = 0; i < tail; ++i) REQUIRE(seen.nodes[i] == i + 1);
            CHECK(seen.nodes.size() < 4 * 40);
        }
    }
}

TEST_CASE("a null pointer, a wild pointer and a lost page each end the list and say so") {
    Ring ring(5);
    ring.memory.put<std::uint64_t>(Ring::at(3), 0);
    Walk seen = walk(ring.memory);
    CHECK(seen.nodes == std::vector<std::uint64_t>{1, 2, 3});
    CHECK(seen.outcome.error().code == ErrorCode::Corrupt);
    CHECK(seen.outcome.error().message.find("null") != std::string::npos);

    Ring wild(5);
    wild.memory.put<std::uint64_t>(Ring::at(3), 0xdead000000000100ull);
    seen = walk(wild.memory);
    CHECK(seen.nodes.size() == 4);
    CHECK(seen.outcome.error().code == ErrorCode::NotMapped);
    CHECK(seen.outcome.error().message.find("breaks at node 0xdead") != std::string::npos);

    for (const ErrorCode code : {ErrorCode::PageExcluded, ErrorCode::PageMissing}) {
        Ring lost(5);
        lost.memory.fail_page(Ring::at(4), code);
        seen = walk(lost.memory);
        CHECK(seen.nodes == std::vector<std::uint64_t>{1, 2, 3, 4});
        CHECK(seen.outcome.error().code == code);
        const Walk back = walk(lost.memory, true);
        CHECK(back.nodes == std::vector<std::uint64_t>{5, 4});
        lost.memory.fail_page(Ring::at(0), code);
    }
    SparseMemory nothing;
    CHECK(walk(nothing).outcome.error().code == ErrorCode::NoSuchMemory);
}

TEST_CASE("a list that is longer than any can be is cut at the limit") {
    const Ring ring(100);
    CHECK(walk(ring.memory, false, 100).outcome);
    const Walk seen = walk(ring.memory, false, 99);
    CHECK(seen.outcome.error().code == ErrorCode::Corrupt);
    CHECK(seen.nodes.size() == 99);
}

}  // namespace lists_test
