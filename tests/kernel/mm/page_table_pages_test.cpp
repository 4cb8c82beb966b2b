// How many pages the page tables of all processes take, by what kernels of several eras count.
#include "kernel/mm/page_table_pages.h"

#include <doctest/doctest.h>

#include "support/fake_tasks.h"

namespace page_table_pages_test {

using namespace postmortem;
using test::FakeTasks;
using test::TaskEra;

TEST_CASE("page tables are counted in bytes, or until 4.14 by their levels") {
    for (const TaskEra& era : test::task_eras()) {
        CAPTURE(era.name);
        FakeTasks tasks(era);
        const auto counters = era.table_counters();
        const bool in_bytes = counters.front() == "pgtables_bytes";
        for (const std::int32_t pid : {1, 10})
            for (const std::string_view name : counters)
                tasks.fake().put_word(tasks.mm(pid) + FakeTasks::mm_member(name), in_bytes ? 5 * 4096 : 5);
        tasks.link();
        const auto kernel = tasks.open();
        const auto counted = count_page_table_pages(*kernel);
        REQUIRE_MESSAGE(counted, counted.error().message);
        const std::uint64_t top_levels = 2;
        CHECK(counted->pages == 2 * 5 * counters.size() + top_levels);
        CHECK(counted->all_levels == in_bytes);
    }
}

}  // namespace page_table_pages_test
