// The mark at the end of stacks, behind the thread_info of kernels that have it there.
#include "report/stack_checks/stack_check.h"

#include <doctest/doctest.h>

#include "support/fake_tasks.h"

namespace stack_check_test {

using namespace postmortem;
using test::FakeTasks;
using test::TaskEra;

namespace {

constexpr std::uint64_t magic = 0x57ac6e9d, thread_info_bytes = 104;

/// Each stack with its mark, but for the first task's, which nobody forked.
void mark_stacks(FakeTasks& tasks) {
    for (const std::int32_t pid : {0, 1, 2, 10, 11, 12})
        tasks.fake().put_word(tasks.thread_info(pid) + thread_info_bytes, magic);
}

}  // namespace

TEST_CASE("before 4.9 a stack's last word lies behind its thread_info") {
    unsigned eras = 0;
    for (const TaskEra& era : test::task_eras()) {
        if (!era.info_on_stack) continue;
        ++eras;
        CAPTURE(era.name);
        FakeTasks whole(era);
        mark_stacks(whole);
        whole.link();
        const auto kernel = whole.open();
        const StackCheck check = check_stacks(*kernel);
        CHECK(check.found.empty());
        CHECK(check.checked == 7);

        FakeTasks overflown(era);
        mark_stacks(overflown);
        overflown.link();
        // Down to the mark alone, down to the thread_info, and its CPU with it.
        overflown.fake().put_word(overflown.thread_info(2) + thread_info_bytes, 0x1234);
        overflown.fake().put_word(overflown.thread_info(10), 0x5678);
        overflown.fake().put<std::uint32_t>(overflown.thread_info(11) + 24, 77);
        const auto damaged = overflown.open();
        const StackCheck found = check_stacks(*damaged);
        REQUIRE(found.found.size() == 3);
        CHECK(found.found[0].pid == 2);
        CHECK(found.found[0].end_word == 0x1234u);
        CHECK_FALSE(found.found[0].named_task);
        CHECK(found.found[1].pid == 10);
        CHECK_FALSE(found.found[1].end_word);
        CHECK(found.found[1].named_task == 0x5678u);
        CHECK(found.found[2].pid == 11);
        CHECK(found.found[2].named_cpu == 77u);
    }
    CHECK(eras == 6);
}

}  // namespace stack_check_test
