// Loops over all cores: each item once, results in order, memory bounded.
#include "base/parallel.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <numeric>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

namespace parallel_test {

using namespace postmortem;

TEST_CASE("every item of a parallel loop is done once") {
    for (const std::size_t count : {0u, 1u, 7u, 1000u}) {
        for (const std::size_t piece : {0u, 1u, 3u, 5000u}) {
            std::vector<std::atomic<int>> done(count);
            parallel_for(count, piece, [&](std::size_t first, std::size_t last) {
                for (std::size_t i = first; i < last; ++i) ++done[i];
            });
            CHECK(std::all_of(done.begin(), done.end(), [](const auto& times) { return times == 1; }));
        }
    }
}

TEST_CASE("results are taken in order, and never more than a ring of them lies ready") {
    for (const std::size_t count : {0u, 1u, 999u, 5000u}) {
        for (const std::size_t ahead : {0u, 1u, 3u, 100u}) {
            constexpr std::size_t piece = 10;
            std::vector<std::size_t> ring(std::max<std::size_t>(ahead, 1) * piece, ~std::size_t{0});
            std::vector<std::size_t> taken;
            parallel_in_order(
                count, piece, ahead,
                [&](std::size_t first, std::size_t last) {
                    for (std::size_t i = first; i < last; ++i) ring[i % ring.size()] = i;
                },
                [&](std::size_t first, std::size_t last) {
                    for (std::size_t i = first; i < last; ++i) taken.push_back(ring[i % ring.size()]);
                });
            std::vector<std::size_t> all(count);
            std::iota(all.begin(), all.end(), std::size_t{0});
            CHECK(taken == all);
        }
    }
}

TEST_CASE("a taker that has had enough ends the loop") {
    std::atomic<std::size_t> made = 0;
    const auto make = [&](std::size_t first, std::size_t last) { made += last - first; };
    const auto take = [](std::size_t first, std::size_t) {
        if (first == 20) throw std::runtime_error("enough");
    };
    CHECK_THROWS_AS(parallel_in_order(100'000, 10, 4, make, take), std::runtime_error);
    CHECK(made < 200);
}

}  // namespace parallel_test
