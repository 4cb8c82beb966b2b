// How crash's users name tasks.
#include "report/tasks/task_selection.h"

#include <doctest/doctest.h>

namespace task_selection_test {

using namespace postmortem;

namespace {

Task task(std::uint64_t address, std::int32_t pid, std::string comm, std::int32_t tgid = 0) {
    Task made;
    made.address = address;
    made.pid = pid;
    made.tgid = tgid ? tgid : pid;
    made.comm = std::move(comm);
    return made;
}

TaskTable table() {
    TaskTable made;
    made.tasks = {task(0xffffffff81000000, 0, "swapper/0"),
                  task(0xffff888000001000, 1, "init"),
                  task(0xffff888000002000, 22, "kworker/0:1"),
                  task(0xffff888000003000, 23, "kworker/u8:0"),
                  task(0xffff888000004000, 34, "123"),
                  task(0xffff888000005000, 35, "a.b*c"),
                  task(0xffff888000006000, 36, "fifteen-letters"),
                  task(0xffff888000007000, 37, "threads"),
                  task(0xffff888000008000, 38, "threads", 37),
                  task(0xffff888000009000, 222, "dead")};
    return made;
}

std::vector<std::int32_t> pids(const std::vector<std::string>& selectors) {
    const TaskTable tasks = table();
    const auto found = select_tasks(tasks, selectors);
    REQUIRE_MESSAGE(found, found.error().message);
    std::vector<std::int32_t> numbers;
    for (const Task* one : *found) numbers.push_back(one->pid);
    return numbers;
}

using Pids = std::vector<std::int32_t>;

}  // namespace

TEST_CASE("a pid, an address with and without 0x, and a name; in the order of the table, each once") {
    CHECK(pids({"1"}) == Pids{1});
    CHECK(pids({"0x16"}) == Pids{22});
    CHECK(pids({"ffff888000002000"}) == Pids{22});
    CHECK(pids({"0xffff888000002000", "init", "1"}) == Pids{1, 22});
    CHECK(pids({"threads"}) == Pids{37, 38});
    CHECK(pids({}).size() == 10);
}

TEST_CASE("an expression is told by its quotes, or by what no name has") {
    CHECK(pids({"'^kworker'"}) == Pids{22, 23});
    CHECK(pids({"^kworker"}) == Pids{22, 23});
    CHECK(pids({"kworker/[0-9]+"}) == Pids{22});
    CHECK(pids({"(init|threads)$"}) == Pids{1, 37, 38});
    CHECK(pids({"'init'"}) == Pids{1});
    CHECK(pids({"'i'"}).size() == 2);  // found in names, not equal to them
    // A task of that very name goes before the expression.
    CHECK(pids({"a.b*c"}) == Pids{35});
    CHECK(pids({"'a.b.c'"}) == Pids{35});
}

TEST_CASE("a backslash says that a name is meant, and names are as long as the kernel has them") {
    CHECK(pids({"123"}) == Pids{34});  // no pid 123
    CHECK(pids({"\\123"}) == Pids{34});
    CHECK(pids({"fifteen-letters-and-more"}) == Pids{36});
}

TEST_CASE("what names nothing, and what is no expression, is told") {
    const TaskTable tasks = table();
    const auto nobody = select_tasks(tasks, {"1", "nobody"});
    REQUIRE_FALSE(nobody);
    CHECK(nobody.error().code == ErrorCode::NotFound);
    CHECK(nobody.error().message.find("'nobody'") != std::string::npos);
    for (const char* wrong : {"'('", "a(", "[", "'*a{'"}) {
        CAPTURE(wrong);
        const auto found = select_tasks(tasks, {wrong});
        REQUIRE_FALSE(found);
        CHECK(
            (found.error().code == ErrorCode::InvalidArgument || found.error().code == ErrorCode::NotFound));
    }
    CHECK(select_tasks(tasks, {"'('"}).error().code == ErrorCode::InvalidArgument);
}

TEST_CASE("a name stands for its process where processes are meant") {
    const TaskTable tasks = table();
    auto selectors = TaskSelectors::parse(tasks, {"threads", "38"});
    REQUIRE(selectors);
    Pids found;
    for (const Task& one : tasks.tasks)
        if (selectors->match_process(one)) found.push_back(one.pid);
    CHECK(found == Pids{37, 38});  // 38 by its number
    CHECK(selectors->unmatched().empty());
}

}  // namespace task_selection_test
