// `hang` as text, part by part, from an answer that is made up.
#include <numeric>

#include <doctest/doctest.h>

#include <postmortem/hang.h>

namespace hang_text_test {

using namespace postmortem;

namespace {

const TaskMention writer{40, 0xffff888000001000, 1, "writer"}, reader{41, 0xffff888000002000, 0,
                                                                      "rea\x1b"
                                                                      "der"};

}  // namespace

TEST_CASE("hang as text: the verdict in each of its forms") {
    HangReport report;
    CHECK(to_text(report) == "VERDICT: nothing stands still\n");
    report.problems.emplace_back(ErrorCode::NotFound, "x");
    CHECK(to_text(report) == "VERDICT: nothing stands still in what could be read; not all could\n");
    report.unexplained = 1;
    CHECK(to_text(report).starts_with("VERDICT: not known: 1 task has been waiting"));
    report.unexplained = 2;
    CHECK(to_text(report).starts_with("VERDICT: not known: 2 tasks have been waiting"));
    report.verdict = {"deadlock", "two tasks wait for each other", {"one", "two"}};
    CHECK(to_text(report) == "VERDICT: two tasks wait for each other\n   - one\n   - two\n");
}

TEST_CASE("hang as text: who waits for whom, one step further in for each") {
    HangReport report;
    report.trees.resize(3);
    report.trees[0] = {true,
                       2,
                       {{0, writer, "", "holds it", 12.34},
                        {1, reader, "", "waits", {}},
                        {2, {}, "disk vda", "idles", 1.0}}};
    report.trees[1] = {false, 0, {{0, writer, "", "alone", {}}}};
    report.trees[2] = {false, 1, {{0, {}, "CPU 1", "spins", {}}, {1, reader, "", "waits", {}}}};
    CHECK(to_text(report) ==
          "VERDICT: nothing stands still\n\n"
          "WHO WAITS FOR WHOM (below each line: who waits for it)\n"
          "   ring of tasks that wait for each other:\n"
          "   pid 40 writer holds it [12.3 s]\n"
          "     `- pid 41 rea\\x1bder waits\n"
          "       `- disk vda idles [1.0 s]\n\n"
          "   CPU 1 spins\n"
          "     `- pid 41 rea\\x1bder waits\n");
}

TEST_CASE("hang as text: sleepers, CPUs, workers, disks and RCU") {
    HangReport report;
    HangGroup many{{"inner", "outer"}, std::vector<std::int32_t>(13), 99.0};
    std::iota(many.pids.begin(), many.pids.end(), 40);
    report.groups = {many, {{}, {7}, {}}};
    report.tasks.resize(1);
    report.tasks[0].task = writer;
    report.tasks[0].wait =
        HangWait{"mutex", 0xabc, "some_mutex", "a detail", "its stack", {}, "nobody wrote it down"};
    report.cpus = {{1, "spins", reader, {"loop"}, 5.0, {"a fact"}, {}, {}}};
    report.pools = {{3, 2u, 4, 6.0, "work_fn", {{writer, "run_fn", "events"}}},
                    {4, {}, 1, {}, "next_fn", {}}};
    report.disks = {{"vda", 3, 8.0, "suspended"}, {"vdb", 1, {}, ""}};
    report.grace_period = HangGracePeriod{"rcu_preempt", 21.0, {0, 3}, {reader}};
    CHECK(to_text(report) ==
          "VERDICT: nothing stands still\n\n"
          "CPUS\n"
          "   CPU 1: spins, 5.0 s: pid 41 rea\\x1bder\n"
          "      loop\n"
          "      - a fact\n\n"
          "UNINTERRUPTIBLE SLEEP (by stack, the longest first)\n"
          "   13 tasks, 99.0 s: pid 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, ...\n"
          "      inner < outer\n"
          "      waits for mutex abc some_mutex, a detail (its stack); by whom: nobody wrote it down\n"
          "   1 task, -: pid 7\n"
          "      (no stack)\n\n"
          "WORKER POOLS WITHOUT PROGRESS\n"
          "   pool 3 (CPU 2): 4 works in line, 6.0 s since one was begun with; next: work_fn\n"
          "      pid 40 writer runs run_fn of events\n"
          "   pool 4 (unbound): 1 works in line, - since one was begun with; next: next_fn\n\n"
          "REQUESTS IN FLIGHT\n"
          "   vda: 3 requests, oldest 8.0 s, suspended\n"
          "   vdb: 1 requests, oldest -\n\n"
          "RCU\n"
          "   rcu_preempt: a grace period has been going on for 21.0 s; it waits for CPU 0 CPU 3 pid 41 "
          "rea\\x1bder\n");
    report = {};
    report.grace_period = HangGracePeriod{"rcu_sched", {}, {}, {}};
    CHECK(to_text(report).ends_with("going on for -; it waits for nobody on record\n"));
}

}  // namespace hang_text_test
