// From waits to trees to a verdict, on tasks that are made up: rings of every size, and all that is no fault.
#include "report/hang/hang_verdict.h"

#include <doctest/doctest.h>

#include "base/text.h"

namespace hang_verdict_test {

using namespace postmortem;

namespace {

HangTask sleeper(std::int32_t pid, double seconds = 30) {
    HangTask task;
    task.task = {pid, 0xffff888000000000ull + static_cast<std::uint64_t>(pid) * 0x1000, 0,
                 "task-" + std::to_string(pid)};
    task.state = "TASK_UNINTERRUPTIBLE";
    task.uninterruptible = true;
    task.seconds = seconds;
    task.functions = {"do_something", "kthread"};
    return task;
}

HangTask dozer(std::int32_t pid) {
    HangTask task = sleeper(pid);
    task.state = "TASK_INTERRUPTIBLE";
    task.uninterruptible = false;
    return task;
}

HangWait lock_of(const HangTask& owner, bool certain = true) {
    HangWait wait;
    wait.kind = "mutex";
    wait.address = 0xffffffff82000000;
    wait.blockers.push_back({owner.task, {}, "holds it", "its `owner`", certain});
    return wait;
}

HangWait thing_wait(const std::string& thing, bool certain = true) {
    HangWait wait;
    wait.kind = "page";
    wait.blockers.push_back({std::nullopt, thing, "has to answer", "the page's `mapping`", certain});
    return wait;
}

std::optional<HangVerdict> judge(std::vector<HangTask> tasks, std::vector<HangCpu> cpus = {}) {
    HangReport report;
    report.tasks = std::move(tasks);
    report.cpus = std::move(cpus);
    return judge_hang(report, make_wait_trees(report.tasks));
}

// Each waits for the next one, the last for the first.
std::vector<HangTask> ring_of(std::int32_t size, double seconds = 30, bool certain = true) {
    std::vector<HangTask> tasks;
    for (std::int32_t i = 0; i < size; ++i) tasks.push_back(sleeper(100 + i, seconds));
    for (std::size_t i = 0; i < tasks.size(); ++i)
        tasks[i].wait = lock_of(tasks[(i + 1) % tasks.size()], certain);
    return tasks;
}

}  // namespace

TEST_CASE("a ring of any size is a deadlock, and whoever stands behind it is counted") {
    for (std::int32_t size = 1; size <= 20; ++size) {
        CAPTURE(size);
        std::vector<HangTask> tasks = ring_of(size);
        HangTask behind = sleeper(10), further = sleeper(11);
        behind.wait = lock_of(tasks.back());
        further.wait = lock_of(behind);
        tasks.insert(tasks.begin(), {further, behind});
        const auto trees = make_wait_trees(tasks);
        REQUIRE(trees.size() == 1);
        CHECK(trees.front().shown.deadlock);
        CHECK(trees.front().ring.size() == static_cast<std::size_t>(size));
        CHECK(trees.front().shown.waiting == 2);
        CHECK(trees.front().shown.rows.size() == static_cast<std::size_t>(size) + 2);
        const auto verdict = judge(tasks);
        REQUIRE(verdict);
        CHECK(verdict->kind == "deadlock");
        CHECK(verdict->because.size() == static_cast<std::size_t>(size));
        CHECK(contains(verdict->sentence, "2 more wait behind them"));
        CHECK(contains(verdict->sentence, "waits for itself") == (size == 1));
    }
}

TEST_CASE("a ring one of whose links is not proven, or that a timer ends, is no deadlock") {
    auto unproven = ring_of(3);
    unproven[1].wait = lock_of(unproven[2], false);
    CHECK_FALSE(make_wait_trees(unproven).front().shown.deadlock);
    REQUIRE(judge(unproven));
    CHECK(judge(unproven)->kind == "stuck task");
    auto timed = ring_of(2);
    timed[0].timed = true;
    CHECK_FALSE(make_wait_trees(timed).front().shown.deadlock);
    CHECK_FALSE(judge(ring_of(2, 0.1)));
}

TEST_CASE("what is as it should be is no fault") {
    const HangTask owner = dozer(1);
    const auto waiting = [&](auto change) {
        HangTask task = sleeper(2);
        task.wait = lock_of(owner);
        change(task);
        return std::vector<HangTask>{task, owner};
    };
    REQUIRE(judge(waiting([](HangTask&) {})));
    CHECK(judge(waiting([](HangTask&) {}))->kind == "stuck task");
    CHECK_FALSE(judge(waiting([](HangTask& task) { task.seconds = 9.9; })));
    CHECK_FALSE(judge(waiting([](HangTask& task) { task.seconds.reset(); })));
    CHECK_FALSE(judge(waiting([](HangTask& task) { task.timed = true; })));
    CHECK_FALSE(judge(waiting([](HangTask& task) { task.uninterruptible = false; })));
    CHECK_FALSE(judge(waiting([](HangTask& task) { task.wait->by_choice = true; })));
    for (const char* freezes : {"__refrigerator", "refrigerator"})  // the latter until 3.3
        CHECK_FALSE(judge(waiting([&](HangTask& task) { task.functions = {freezes, "get_signal"}; })));
    CHECK_FALSE(judge(waiting([](HangTask& task) {
        task.killable = true;
        task.wait->blockers.clear();
    })));
    CHECK_FALSE(judge({}));
    CHECK_FALSE(judge({owner}));
}

TEST_CASE("a disk that is only slow is no fault, one that does not answer is, and counts its waiters") {
    HangTask first = sleeper(1, 40), second = sleeper(2, 20);
    first.wait = second.wait = thing_wait("disk sda", false);
    CHECK_FALSE(judge({first, second}));
    first.wait = second.wait = thing_wait("disk sda");
    const auto verdict = judge({first, second});
    REQUIRE(verdict);
    CHECK(verdict->kind == "stuck device");
    CHECK(contains(verdict->sentence, "disk sda"));
    CHECK(contains(verdict->sentence, "task-1 (pid 1) has waited 40 s"));
    CHECK(contains(verdict->sentence, "1 more wait"));
    first.wait = thing_wait("server nas (10.0.0.1, port 2049)");
    CHECK(judge({first})->kind == "silent server");
}

TEST_CASE("the root with the most waiters is the verdict; a stuck CPU goes before, a ring before that") {
    const HangTask few = dozer(1), many = dozer(2);
    std::vector<HangTask> tasks{few, many};
    for (std::int32_t pid = 10; pid < 15; ++pid) {
        tasks.push_back(sleeper(pid));
        tasks.back().wait = lock_of(pid == 10 ? few : many);
    }
    REQUIRE(judge(tasks));
    CHECK(contains(judge(tasks)->sentence, "task-2 (pid 2)"));
    HangCpu cpu;
    cpu.cpu = 3;
    cpu.trouble = "takes no interrupts";
    cpu.task = many.task;
    cpu.seconds = 50;
    const auto by_cpu = judge(tasks, {cpu});
    CHECK(by_cpu->kind == "stuck CPU");
    CHECK(contains(by_cpu->sentence, "4 tasks wait behind it"));
    auto ring = ring_of(2);
    tasks.insert(tasks.end(), ring.begin(), ring.end());
    CHECK(judge(tasks, {cpu})->kind == "deadlock");
}

TEST_CASE("who waits for a lock that does not name its holder is counted, whoever is taken for the verdict") {
    const auto waiter = [](std::int32_t pid, std::uint64_t lock) {
        HangTask task = sleeper(pid);
        task.wait.emplace();
        task.wait->kind = "rw_semaphore";
        task.wait->address = lock;
        task.wait->unknown = "the lock counts its readers and does not name them";
        return task;
    };
    HangTask slept_by_the_clock = waiter(5, 0xffffffff82000100);
    slept_by_the_clock.timed = true;
    const auto verdict =
        judge({waiter(1, 0xffffffff82000000), waiter(2, 0xffffffff82000100), waiter(3, 0xffffffff82000100),
               waiter(4, 0xffffffff82000100), slept_by_the_clock});
    REQUIRE(verdict);
    CHECK(contains(verdict->sentence, "task-2 (pid 2) has waited for 30 s"));
    CHECK(verdict->sentence.ends_with("; 2 more wait for the same"));
    CHECK_FALSE(contains(judge({waiter(1, 0xffffffff82000000)})->sentence, "more wait"));
}

TEST_CASE("a long chain, and one with many blockers, is followed to its end") {
    std::vector<HangTask> chain{dozer(1)};
    for (std::int32_t pid = 2; pid <= 5000; ++pid) {
        HangTask task = sleeper(pid);
        task.wait = lock_of(chain.back());
        chain.push_back(std::move(task));
    }
    const auto trees = make_wait_trees(chain);
    REQUIRE(trees.size() == 1);
    CHECK(trees.front().root == 0);
    CHECK(trees.front().shown.waiting == 4999);
    // Of several, the one that waits itself leads on.
    HangTask waiter = sleeper(9000);
    const HangTask idle = dozer(9001);
    HangTask stuck = sleeper(9002);
    waiter.wait = lock_of(idle);
    waiter.wait->blockers.push_back({stuck.task, {}, "holds it", "its `owner`", true});
    const auto two = make_wait_trees({waiter, idle, stuck});
    REQUIRE_FALSE(two.empty());
    CHECK(two.front().root == 2);
}

TEST_CASE("where not all could be read it is not said that nothing stands still") {
    HangReport report;
    CHECK(to_text(report).starts_with("VERDICT: nothing stands still\n"));
    report.problems.push_back({ErrorCode::PageExcluded, "a page is missing"});
    CHECK(to_text(report).starts_with("VERDICT: nothing stands still in what could be read"));
    HangTask asleep = sleeper(9003, 28);
    asleep.killable = true;
    CHECK(count_unexplained({asleep}) == 1);
    asleep.timed = true;
    CHECK(count_unexplained({asleep, sleeper(9004, 1)}) == 0);
    report.unexplained = 1;
    CHECK(to_text(report).starts_with("VERDICT: not known: 1 task has been waiting"));
}

}  // namespace hang_verdict_test
