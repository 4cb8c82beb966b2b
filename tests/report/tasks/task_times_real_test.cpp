// `ps -t` on real dumps against the guest's own /proc/PID/task/TID/stat.
#include <sstream>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <postmortem/crash_dump.h>
#include <postmortem/process_status.h>

#include "kernel/kernel.h"
#include "support/proc_truth.h"
#include "support/real_dumps.h"

namespace task_times_real_test {

using namespace postmortem;
using test::ProcTruth;

namespace {

constexpr std::uint64_t ns_per_tick = 10'000'000;  // of USER_HZ

struct Times {
    std::uint64_t user = 0, system = 0;
    bool operator==(const Times&) const = default;
};

// What the kernel makes of its ticks before it tells them: they part the time that a task ran
// (cputime_adjust(), kernel/sched/cputime.c).
Times adjusted(Times ticks, std::uint64_t ran) {
    if (ticks.system == 0) return {ran, 0};
    if (ticks.user == 0) return {0, ran};
    const auto system = static_cast<std::uint64_t>(static_cast<long double>(ticks.system) * ran /
                                                   static_cast<long double>(ticks.system + ticks.user));
    return {ran - system, system};
}

Times in_ticks(Times times) {
    return {times.user / ns_per_tick, times.system / ns_per_tick};
}

// Behind the name in brackets, from `state` on.
std::vector<std::uint64_t> numbers_of(std::string_view stat) {
    std::istringstream words{std::string(stat.substr(stat.rfind(')') + 2))};
    std::vector<std::uint64_t> numbers;
    std::string word;
    words >> word;
    while (words >> word) numbers.push_back(std::strtoull(word.c_str(), nullptr, 10));
    return numbers;
}

}  // namespace

TEST_SUITE("real dumps") {
    TEST_CASE("start, user and system times of a real dump are those of /proc/PID/stat") {
        for (const auto& path : test::real_dumps("vmcore")) {
            const auto truth = ProcTruth::beside(path);
            if (!truth) continue;
            CAPTURE(path.string());
            const auto dump = CrashDump::open(path);
            REQUIRE_MESSAGE(dump, dump.error().message);
            ProcessRequest request;
            request.part = ProcessRequest::Part::Times;
            const auto list = process_status(*dump, request);
            REQUIRE(list);
            for (const ProcessDetails& task : list->tasks) {
                const auto stat =
                    truth->file(fmt::format("/proc/{}/task/{}/stat", task.task.tgid, task.task.pid));
                if (!stat || !task.start_time || !task.user_time || !task.system_time) continue;
                const auto numbers = numbers_of(*stat);
                REQUIRE(numbers.size() > 18);
                CAPTURE(task.task.pid);
                const Object object = dump->kernel().object("task_struct", task.task.task);
                // /proc has that of the other clock, which fork() reads a moment later
                const auto tick = *task.start_time / ns_per_tick;
                CHECK((tick == numbers[18] || tick + 1 == numbers[18]));
                const auto ran = object.path("se.sum_exec_runtime").u64();
                const Times told{object.path("prev_cputime.utime").u64_or(0),
                                 object.path("prev_cputime.stime").u64_or(0)};
                // A task that ran on since, or was never told of
                if (!ran || told.user + told.system != *ran) continue;
                CHECK(in_ticks(told) == Times{numbers[10], numbers[11]});
                CHECK(in_ticks(adjusted({*task.user_time, *task.system_time}, *ran)) == in_ticks(told));
            }
        }
    }
}

}  // namespace task_times_real_test
