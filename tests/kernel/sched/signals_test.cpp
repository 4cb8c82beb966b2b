// How many threads share the signals of a process, before and since 2.6.35.
#include "kernel/sched/signals.h"

#include <doctest/doctest.h>

#include "support/fake_kernel.h"

namespace signals_test {

using namespace postmortem;
using test::FakeKernel;

TEST_CASE("until 2.6.35 signals count those who share them") {
    for (const bool is_old : {true, false}) {
        FakeKernel fake;
        auto& b = fake.types();
        const auto s32 = b.integer("int", 4, true);
        const auto atomic = b.structure("atomic_t", 4, {{"counter", s32, 0}});
        const auto signals = is_old ? b.structure("signal_struct", 16, {{"count", atomic, 0}})
                                    : b.structure("signal_struct", 16, {{"nr_threads", s32, 64}});
        b.structure("task_struct", 64, {{"signal", b.pointer(signals), 128}});
        Task task;
        task.address = fake.allocate(64);
        const std::uint64_t at = fake.allocate(16);
        fake.put_u64(task.address + 16, at);
        fake.put<std::int32_t>(at + (is_old ? 0 : 8), 9);
        CHECK(read_signals(*fake.open(), task).threads == 9);
    }
}

TEST_CASE("where the process's signals are not known, nobody says that none waits") {
    for (const bool is_known : {true, false}) {
        CAPTURE(is_known);
        FakeKernel fake;
        auto& b = fake.types();
        const auto u64 = b.integer("unsigned long", 8);
        const auto set = b.structure("sigset_t", 8, {{"sig", b.array(u64, 1), 0}});
        const auto list =
            b.structure("list_head", 16, {{"next", b.pointer(0), 0}, {"prev", b.pointer(0), 64}});
        b.structure("sigqueue", 24, {{"list", list, 0}, {"info", u64, 128}});
        const auto pending = b.structure("sigpending", 24, {{"list", list, 0}, {"signal", set, 128}});
        b.structure("task_struct", 64,
                    {{is_known ? "signal" : "other", b.pointer(0), 0},
                     {"blocked", set, 64},
                     {"pending", pending, 128}});
        Task task;
        task.address = fake.allocate(64);
        fake.link_list(task.address + 16, {});
        const SignalsOfTask found = read_signals(*fake.open(), task);
        REQUIRE(found.own);
        REQUIRE(found.blocked);
        // A task that has given up its process's (0) has none but its own.
        CHECK(found.signal_struct.has_value() == is_known);
        CHECK(found.has_pending.has_value() == is_known);
        CHECK(found.problems.empty() == is_known);
    }
}

}  // namespace signals_test
