// Many problems of one kind, and one that two readers met.
#include "base/problem_collector.h"

#include <doctest/doctest.h>

namespace problem_collector_test {

using namespace postmortem;

TEST_CASE("what two readers missed is told once") {
    ProblemCollector problems;
    const Error lost(ErrorCode::PageMissing, "its page is lost", 0x1000);
    problems.add("the list", lost);
    problems.add("the list", lost);
    problems.add("the list", Error(ErrorCode::PageMissing, "its page is lost", 0x2000));
    problems.add_all({Error(ErrorCode::PageMissing, "the list: its page is lost", 0x1000)});
    const Problems told = problems.take();
    REQUIRE(told.size() == 2);
    CHECK(told[0].message == "the list: its page is lost");
    CHECK(told[0].address == 0x1000);
    CHECK(told[1].address == 0x2000);
}

TEST_CASE("of many of one kind three are told, and how many more there are") {
    ProblemCollector problems;
    for (std::uint64_t at = 0; at < 10; ++at)
        problems.add("a node", Error(ErrorCode::PageMissing, "its page is lost", at));
    const Problems told = problems.take();
    REQUIRE(told.size() == 4);
    CHECK(told[3].message == "a node: the same for 7 more");
}

}  // namespace problem_collector_test
