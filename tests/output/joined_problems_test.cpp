#include <doctest/doctest.h>

#include <postmortem/render.h>

namespace joined_problems_test {

using namespace postmortem;

namespace {

Error lack(std::string message) {
    return {ErrorCode::MissingDebugInfo, std::move(message)};
}

std::vector<std::string> messages(const Problems& problems) {
    std::vector<std::string> all;
    for (const Error& problem : joined_by_cause(problems)) all.push_back(problem.message);
    return all;
}

}  // namespace

TEST_CASE("what is missing for one reason is told in one") {
    const std::string why = "no types: give a file";
    CHECK(messages({lack("the clock: " + why), lack("the name: another reason"), lack("the nodes: " + why),
                    lack("the clock: " + why)}) ==
          std::vector<std::string>{"the clock, the nodes: " + why, "the name: another reason"});
    CHECK(messages({lack("a struct: " + why), lack("a struct: " + why), lack("the clock: " + why)}) ==
          std::vector<std::string>{"a struct, the clock: " + why});
    CHECK(messages({lack(why), lack(why)}) == std::vector<std::string>{why});
    // The longest that they share, also where it is all of one.
    CHECK(messages({lack("layout inferred: " + why), lack("a part: layout inferred: " + why)}) ==
          std::vector<std::string>{"a part: layout inferred: " + why});
}

TEST_CASE("what differs, lies somewhere or is a count is left as it is") {
    const Problems apart{
        lack("the clock: the same for 2 more"),         lack("the nodes: the same for 2 more"),
        {ErrorCode::PageExcluded, "a: left out"},       {ErrorCode::PageExcluded, "b: left out"},
        {ErrorCode::MissingDebugInfo, "c: unknown", 1}, {ErrorCode::MissingDebugInfo, "d: unknown", 2}};
    CHECK(messages(apart).size() == apart.size());
    CHECK(joined_by_cause({}).empty());
}

}  // namespace joined_problems_test
