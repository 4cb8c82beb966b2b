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

}  // namespace signals_test
