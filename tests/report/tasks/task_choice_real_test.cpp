// Which tasks are chosen, in dumps of real kernels: held against the rows of crash's own ps.
#include <map>
#include <sstream>

#include <doctest/doctest.h>

#include <postmortem/crash_dump.h>
#include <postmortem/process_status.h>

#include "support/files.h"
#include "support/real_dumps.h"

namespace task_choice_real_test {

using namespace postmortem;

namespace {

struct Row {
    bool active = false, kernel = false;
    int pid = 0;
    std::string state, comm;
};

std::vector<Row> rows_of(const std::string& text) {
    std::vector<Row> rows;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        Row row;
        row.active = line.starts_with('>');
        if (!line.empty()) line[0] = ' ';
        std::istringstream words(line);
        std::string ppid, cpu, task, percent, vsz, rss;
        if (!(words >> row.pid >> ppid >> cpu >> task >> row.state >> percent >> vsz >> rss)) continue;
        std::getline(words >> std::ws, row.comm);
        row.kernel = row.comm.starts_with('[');
        if (row.kernel) row.comm = row.comm.substr(1, row.comm.size() - 2);
        rows.push_back(row);
    }
    return rows;
}

template <class Wanted>
std::vector<int> pids(const std::vector<Row>& rows, Wanted wanted) {
    std::vector<int> found;
    for (const Row& row : rows)
        if (wanted(row)) found.push_back(row.pid);
    return found;
}

std::vector<int> chosen(const CrashDump& dump, const TaskChoice& choice) {
    const auto tasks = chosen_tasks(dump, choice);
    REQUIRE_MESSAGE(tasks, tasks.error().message);
    CHECK(tasks->problems.empty());
    std::vector<int> found;
    for (const TaskMention& task : tasks->tasks) found.push_back(task.pid);
    return found;
}

}  // namespace

TEST_SUITE("real dumps") {
    TEST_CASE("kernel, user, active, state and expressions choose the rows that crash shows so") {
        std::size_t dumps = 0;
        for (const auto& expected : test::real_dumps("crash.ps.txt")) {
            const auto path = expected.parent_path() / "vmcore";
            if (!std::filesystem::exists(path)) continue;
            CAPTURE(path.string());
            const auto dump = CrashDump::open(path);
            REQUIRE_MESSAGE(dump, dump.error().message);
            const auto rows = rows_of(test::file_contents(expected));
            ++dumps;
            TaskChoice choice;
            choice.kind = TaskChoice::Kind::Kernel;
            CHECK(chosen(*dump, choice) == pids(rows, [](const Row& row) { return row.kernel; }));
            choice.without_idle = true;
            CHECK(chosen(*dump, choice) ==
                  pids(rows, [](const Row& row) { return row.kernel && row.pid > 0; }));
            choice = {};
            choice.kind = TaskChoice::Kind::User;
            CHECK(chosen(*dump, choice) == pids(rows, [](const Row& row) { return !row.kernel; }));
            choice = {};
            choice.active = true;
            CHECK(chosen(*dump, choice) == pids(rows, [](const Row& row) { return row.active; }));
            for (const char* state : {"RU", "IN", "UN", "ID", "ZO", "ST"}) {
                CAPTURE(state);
                choice = {};
                choice.state = state;
                CHECK(chosen(*dump, choice) ==
                      pids(rows, [&](const Row& row) { return row.state == state; }));
            }
            choice = {};
            choice.selectors = {"'^k[a-z]*d'", "1"};
            const auto named = chosen(*dump, choice);
            CHECK(named.size() > 5);
            CHECK(named == pids(rows, [](const Row& row) {
                      const std::size_t end = row.comm.find_first_not_of("abcdefghijklmnopqrstuvwxyz", 1);
                      const std::string word = row.comm.substr(0, end);
                      return row.pid == 1 || (row.comm.starts_with('k') && word.rfind('d') != word.npos);
                  }));
        }
        CHECK(dumps > 0);
    }

    TEST_CASE("what makes no sense is refused, and what names nothing is told") {
        const auto path = test::real_dumps("vmcore").front();
        const auto dump = CrashDump::open(path);
        REQUIRE(dump);
        TaskChoice choice;
        choice.state = "XX";
        CHECK(chosen_tasks(*dump, choice).error().code == ErrorCode::InvalidArgument);
        choice = {};
        choice.policies = {"FIFO", "urgent"};
        CHECK(chosen_tasks(*dump, choice).error().code == ErrorCode::InvalidArgument);
        choice = {};
        choice.cpus = {0};
        CHECK(chosen_tasks(*dump, choice));
        choice.cpus = {0, 99};
        CHECK(chosen_tasks(*dump, choice).error().code == ErrorCode::InvalidArgument);
        choice = {};
        choice.selectors = {"1", "nobody-of-that-name"};
        const auto some = chosen_tasks(*dump, choice);
        REQUIRE(some);
        CHECK(some->tasks.size() == 1);
        REQUIRE(some->problems.size() == 1);
        CHECK(some->problems.front().code == ErrorCode::NotFound);
    }

    TEST_CASE("a policy that came after the kernel is none of its") {
        std::size_t refused = 0;
        for (const auto& path : test::real_dumps("vmcore")) {
            CAPTURE(path.string());
            const auto dump = CrashDump::open(path);
            REQUIRE(dump);
            TaskChoice choice;
            choice.policies = {"7"};
            const auto chosen = chosen_tasks(*dump, choice);
            if (chosen) continue;
            CHECK(chosen.error().code == ErrorCode::InvalidArgument);
            ++refused;
        }
        CHECK(refused > 0);
    }
}

}  // namespace task_choice_real_test
