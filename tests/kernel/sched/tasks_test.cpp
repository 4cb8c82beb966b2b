// Tasks of every era, from whole memory and from damaged memory: what one source lost the other has, and what
// is no task is not shown as one.
#include "kernel/sched/tasks.h"

#include <algorithm>
#include <chrono>
#include <random>

#include <doctest/doctest.h>

#include "kernel/mm/task_memory.h"
#include "support/fake_tasks.h"

namespace tasks_test {

using namespace postmortem;
using test::FakeTasks;
using test::TaskEra;

namespace {

const TaskEra& modern() {
    return test::task_eras()[1];
}

std::vector<std::int32_t> pids_of(const TaskTable& table) {
    std::vector<std::int32_t> pids;
    for (const Task& task : table.tasks) pids.push_back(task.pid);
    return pids;
}

const std::vector<std::int32_t> all_pids = {0, 0, 1, 2, 10, 11, 12};

bool tells(const TaskTable& table, std::string_view text) {
    return std::any_of(table.problems.begin(), table.problems.end(),
                       [&](const Error& e) { return e.message.find(text) != std::string::npos; });
}

}  // namespace

TEST_CASE("every era's tasks are found whole") {
    for (const TaskEra& era : test::task_eras()) {
        CAPTURE(era.name);
        FakeTasks tasks(era, 200);
        tasks.link();
        const auto kernel = tasks.open();
        const TaskTable table = read_tasks(*kernel);
        for (const Error& problem : table.problems) CHECK_MESSAGE(false, problem.message);
        REQUIRE(table.tasks.size() == all_pids.size() + 200);
        CHECK(std::is_sorted(table.tasks.begin(), table.tasks.end(),
                             [](const Task& a, const Task& b) { return a.pid < b.pid; }));
        CHECK(table.tasks[0].comm == "swapper/0");
        CHECK(table.tasks[1].comm == "swapper/1");
        CHECK(table.tasks[1].cpu == 1);
        CHECK(table.tasks[0].active);
        CHECK_FALSE(table.tasks[1].active);

        const Task* thread = table.by_pid(12);
        REQUIRE(thread);
        CHECK(thread->address == tasks.task(12).address);
        CHECK(thread->tgid == 10);
        CHECK(thread->comm == "worker-12");
        CHECK(thread->cpu == 1);
        CHECK(thread->active);
        CHECK(table.by_pid(11)->cpu == 1);  // no runqueue tells that
        CHECK(table.by_pid(10)->cpu == 0);
        CHECK(thread->state == 0);
        CHECK(thread->mm == tasks.mm(10));
        CHECK(thread->parent == tasks.init_task());
        CHECK_FALSE(thread->is_group_leader());
        CHECK(table.by_pid(2)->is_kernel_thread());
        CHECK(table.by_pid(1)->state == 1);
        CHECK(table.by_address(tasks.task(11).address)->pid == 11);
        CHECK(table.by_pid(4711) == nullptr);
        CHECK(table.by_address(1) == nullptr);
        CHECK(current_task(*kernel, 1).value() == tasks.task(12).address);
    }
}

TEST_CASE("a CPU that never came up or was taken down has no task, one that panic() stopped has") {
    struct {
        std::uint64_t online, active;
        std::size_t idle;
        bool runs;
    } const cases[] = {{3, 3, 2, true}, {1, 1, 1, false}, {1, 3, 2, true}, {3, 1, 2, true}};
    for (const auto& one : cases) {
        CAPTURE(one.online);
        CAPTURE(one.active);
        FakeTasks tasks(modern());
        tasks.link();
        tasks.fake().put_word(tasks.online_mask(), one.online);
        tasks.fake().put_word(tasks.active_mask(), one.active);
        const TaskTable table = read_tasks(*tasks.open());
        CHECK(table.problems.empty());
        const auto idle = [](const Task& task) { return task.is_idle(); };
        CHECK(static_cast<std::size_t>(std::count_if(table.tasks.begin(), table.tasks.end(), idle)) ==
              one.idle);
        CHECK(table.by_pid(12)->active == one.runs);
    }
}

TEST_CASE("memory counters of every era, with what threads have not handed in") {
    for (const TaskEra& era : test::task_eras()) {
        CAPTURE(era.name);
        FakeTasks tasks(era);
        tasks.link();
        const auto kernel = tasks.open();
        const TaskTable table = read_tasks(*kernel);
        const TaskMemoryReader reader(*kernel, table);
        const auto memory = reader.read(*table.by_pid(11));
        REQUIRE(memory);
        // Threads 10 and 11 hold one page more of each kind, 12 owes one.
        const std::uint64_t cached = era.percpu_rss || era.rss_counters == 0 ? 0 : 1;
        CHECK(memory->total_vm == 10000);
        CHECK(memory->file == 5000 + cached);
        CHECK(memory->anon == 10 + cached);
        CHECK(memory->swap == (era.rss_counters == 0 ? 0 : 20 + cached));
        CHECK(memory->shmem == (era.rss_counters == 4 || era.shmem_apart ? 30 + cached : 0));
        CHECK(memory->rss() == memory->file + memory->anon + memory->shmem);
        CHECK(reader.read(*table.by_pid(2))->total_vm == 0);
        CHECK(reader.read(table.tasks[0])->rss() == 0);
    }
}

TEST_CASE("counters below zero show as zero, absurd ones overflow nothing") {
    for (const TaskEra& era : test::task_eras()) {
        CAPTURE(era.name);
        FakeTasks tasks(era);
        tasks.link();
        const auto put = [&](std::uint64_t mm, std::int64_t value) {
            const auto bits = static_cast<std::uint64_t>(value);
            if (era.percpu_rss)
                tasks.fake().put_u64(mm + 8 + 8, bits);
            else
                tasks.fake().put_word(mm + 8, bits);
        };
        put(tasks.mm(10), -500);
        put(tasks.mm(1), tasks.fake().word() == 8 || era.percpu_rss ? INT64_MAX : INT32_MAX);
        const auto kernel = tasks.open();
        const TaskTable table = read_tasks(*kernel);
        const TaskMemoryReader reader(*kernel, table);
        CHECK(reader.read(*table.by_pid(10))->file == 0);
        CHECK(reader.read(*table.by_pid(1)));
    }
}

TEST_CASE("tasks whose part of the pid table is lost come from the lists, and nothing is missing") {
    for (const TaskEra& era : test::task_eras()) {
        if (!era.xarray && !era.radix_tree) continue;
        CAPTURE(era.name);
        FakeTasks tasks(era);
        tasks.link();
        tasks.fake().exclude(tasks.table_leaf());
        const TaskTable table = read_tasks(*tasks.open());
        CHECK(pids_of(table) == all_pids);
        REQUIRE(table.problems.size() == 1);
        CHECK(table.problems[0].code == ErrorCode::PageExcluded);
    }
}

TEST_CASE("a struct pid that is lost is told only where its task is too") {
    FakeTasks tasks(modern());
    tasks.link();
    const std::uint64_t lost = tasks.fake().allocate_page();
    tasks.fake().exclude(lost);
    tasks.fake().put_word(tasks.table_slot(11), lost);  // its task is in the list of threads
    const std::uint64_t unused_slot = tasks.table_slot(12) + tasks.fake().word();
    tasks.fake().put_word(unused_slot, lost + 64);  // pid 13 is nowhere else
    const TaskTable table = read_tasks(*tasks.open());
    CHECK(pids_of(table) == all_pids);
    REQUIRE(table.problems.size() == 1);
    CHECK(tells(table, "pid 13"));
    CHECK(table.problems[0].code == ErrorCode::PageExcluded);
}

TEST_CASE("a list that breaks, loops or ends is made up for by the pid table, and the break is told") {
    for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{0xdead000000000100}}) {
        FakeTasks tasks(modern());
        tasks.link();
        tasks.fake().put_word(tasks.member(2, "tasks"), value);
        const TaskTable table = read_tasks(*tasks.open());
        CHECK(pids_of(table) == all_pids);
        CHECK(tells(table, "the list of processes"));
    }
    FakeTasks looping(modern());
    looping.link();
    looping.fake().put_word(looping.member(10, "tasks"), looping.member(1, "tasks"));
    const TaskTable table = read_tasks(*looping.open());
    CHECK(pids_of(table) == all_pids);
    CHECK(tells(table, "leads back"));
    FakeTasks threads(modern());
    threads.link();
    threads.fake().put_word(threads.member(11, "thread_node"), threads.member(11, "thread_node"));
    const TaskTable whole = read_tasks(*threads.open());
    CHECK(pids_of(whole) == all_pids);
    CHECK(tells(whole, "the list of threads of pid 10"));
}

TEST_CASE("without a pid table a break in the list is bridged from the other end") {
    FakeTasks tasks(test::task_eras()[4], 20);
    tasks.link();
    tasks.fake().put_word(tasks.member(105, "tasks"), 0xdead000000000100);
    const TaskTable table = read_tasks(*tasks.open());
    CHECK(table.tasks.size() == all_pids.size() + 20);
    CHECK(tells(table, "the list of processes"));
}

TEST_CASE("a task on a lost page costs itself, and the reason is told") {
    for (const TaskEra& era : test::task_eras()) {
        CAPTURE(era.name);
        FakeTasks tasks(era, 20);
        tasks.link();
        tasks.fake().exclude(tasks.task(105).address);
        const TaskTable table = read_tasks(*tasks.open());
        CHECK(table.tasks.size() == all_pids.size() + 19);
        CHECK(tells(table, "a task at"));
        for (const Error& problem : table.problems) CHECK(problem.code == ErrorCode::PageExcluded);
    }
}

TEST_CASE("what the pid table leads to is no task unless it has that pid") {
    FakeTasks tasks(modern());
    tasks.link();
    // A struct pid that leads into plain memory, and one that leads to another pid's task.
    const std::uint64_t memory = tasks.fake().allocate_page(), stray = tasks.fake().allocate(64);
    tasks.fake().write(memory, std::string(4096, 'A'));
    tasks.fake().put_word(stray + 16, memory + 1500);
    tasks.fake().put_word(tasks.table_slot(12) + tasks.fake().word(), stray);
    tasks.fake().put_word(tasks.table_slot(1), tasks.task(2).pid_struct);
    const TaskTable table = read_tasks(*tasks.open());
    CHECK(pids_of(table) == all_pids);
    CHECK(tells(table, "something leads to what is none"));
    CHECK(tells(table, "not in the pid table"));  // pid 1
}

TEST_CASE("zeros are no task") {
    FakeTasks tasks(modern());
    tasks.link();
    const std::uint64_t zeros = tasks.fake().allocate_page(4096);
    tasks.fake().put_word(tasks.runqueue(0) + 8, zeros);
    tasks.fake().put_word(tasks.runqueue(1) + 16, zeros);
    const TaskTable table = read_tasks(*tasks.open());
    CHECK(pids_of(table) == std::vector<std::int32_t>{0, 1, 2, 10, 11, 12});
    CHECK(tells(table, "something leads to what is none"));
}

TEST_CASE("page tables that are lost are made up for by the direct map") {
    FakeTasks tasks(modern());
    tasks.link();
    const std::uint64_t base = tasks.fake().variable("page_offset_base");
    tasks.fake().put_word(base, 0xffff888000000000);
    tasks.fake().lose_page_table_of(tasks.task(1).address);
    const TaskTable table = read_tasks(*tasks.open());
    CHECK(pids_of(table) == all_pids);
    CHECK(table.problems.empty());

    // Without the variable (before 4.8) it is where physical memory is found to be mapped.
    FakeTasks fixed(modern());
    fixed.link();
    fixed.fake().map_page(0xffff888000100000, 0x100000);
    fixed.fake().lose_page_table_of(fixed.task(1).address);
    const TaskTable table_of_fixed = read_tasks(*fixed.open());
    CHECK(pids_of(table_of_fixed) == all_pids);
    CHECK(table_of_fixed.problems.empty());

    FakeTasks narrow(test::i386_era());
    narrow.link();
    const std::uint64_t low_pages = 0x9000;
    narrow.fake().put_word(narrow.fake().variable("max_low_pfn"), low_pages);
    narrow.fake().put_word(narrow.fake().variable("high_memory"), 0xc0000000 + low_pages * 4096);
    narrow.fake().lose_page_table_of(narrow.task(1).address);
    const TaskTable table32 = read_tasks(*narrow.open());
    CHECK(pids_of(table32) == all_pids);
    CHECK(table32.problems.empty());

    FakeTasks without(modern());
    without.link();
    without.fake().lose_page_table_of(without.task(1).address);
    const TaskTable lost = read_tasks(*without.open());
    CHECK(lost.tasks.size() < all_pids.size());
    for (const Error& problem : lost.problems) CHECK(problem.code == ErrorCode::PageMissing);
}

TEST_CASE("half a task is shown with what is known of it") {
    // The members of this kernel's task lie on two pages.
    FakeTasks tasks(modern());
    tasks.link();
    const auto kernel = tasks.open();
    const TaskTable table = read_tasks(*kernel);
    CHECK(table.problems.empty());
    const TaskMemoryReader reader(*kernel, table);
    Task damaged = *table.by_pid(1);
    damaged.mm = 0;
    damaged.damage = Error(ErrorCode::PageMissing, "the page with mm is lost");
    CHECK(reader.read(damaged).error().code == ErrorCode::PageMissing);
}

TEST_CASE("tasks that lie without end do not exhaust memory or time") {
    // Each slot of the pid table leads to the same struct pid over and over, and the lists never close.
    FakeTasks tasks(modern(), 3000);
    tasks.link();
    for (std::int32_t pid = 100; pid < 3100; ++pid)
        tasks.fake().put_word(tasks.table_slot(pid), tasks.task(100).pid_struct);
    tasks.fake().put_word(tasks.member(3099, "tasks"), tasks.member(101, "tasks"));
    const auto start = std::chrono::steady_clock::now();
    const TaskTable table = read_tasks(*tasks.open());
    CHECK(table.tasks.size() == all_pids.size() + 3000);
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
    CHECK(table.problems.size() < 20);
}

TEST_CASE("kernels in which anything may be wrong neither crash nor hang, nor show what is no task") {
    std::mt19937_64 random(3);
    for (int round = 0; round < 60; ++round) {
        const TaskEra& era = test::task_eras()[static_cast<std::size_t>(round) % test::task_eras().size()];
        FakeTasks tasks(era, 30);
        tasks.link();
        for (int i = 0; i < 1 + round % 12; ++i) {
            const std::int32_t pid = static_cast<std::int32_t>(100 + random() % 30);
            const char* members[] = {"tasks", "signal", "pid", "tgid", "comm", "mm", "thread_group"};
            const std::uint64_t place = tasks.member(pid, members[random() % 7]);
            const std::uint64_t values[] = {0, ~0ull, random(), tasks.task(10).address + random() % 2048,
                                            0xffff888000000000ull + random() % (64 << 20)};
            tasks.fake().put_word(place, values[random() % 5]);
        }
        const auto start = std::chrono::steady_clock::now();
        const auto kernel = tasks.open();
        const TaskTable table = read_tasks(*kernel);
        CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
        CHECK(table.tasks.size() >= all_pids.size());
        for (const Task& task : table.tasks) CHECK((task.pid >= 0 && task.pid <= 4194304));
        const TaskMemoryReader reader(*kernel, table);
        for (const Task& task : table.tasks) (void)reader.read(task);
    }
}

TEST_CASE("a kernel without any type says so once and shows no task") {
    test::FakeKernel fake;
    fake.variable("init_task", 4096);
    const TaskTable table = read_tasks(*fake.open());
    CHECK(table.tasks.empty());
    CHECK_FALSE(table.problems.empty());
    CHECK(table.problems.size() < 12);
}

TEST_CASE("a CPU that cannot be read is absent, never 0, and costs a problem") {
    for (const TaskEra& era : test::task_eras()) {
        if (!era.info_on_stack) continue;
        CAPTURE(era.name);
        FakeTasks tasks(era);
        tasks.link();
        // A stack that belongs to somebody else, and one that is not there.
        tasks.fake().put_word(tasks.thread_info(10), tasks.task(11).address);
        tasks.fake().put_word(tasks.member(1, "stack"), 0xffff8fffdead0000);
        tasks.fake().put_word(tasks.member(12, "stack"), 0xffff8fffdead0000);
        const TaskTable table = read_tasks(*tasks.open());
        CHECK_FALSE(table.by_pid(10)->cpu.has_value());
        CHECK_FALSE(table.by_pid(1)->cpu.has_value());
        CHECK(table.by_pid(12)->cpu == 1);  // it runs: the runqueue tells
        CHECK(table.by_pid(11)->cpu == 1);
        CHECK(tells(table, "of pid 10"));
        CHECK(tells(table, "of pid 1:"));
    }
}

}  // namespace tasks_test
