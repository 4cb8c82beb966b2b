// Which task a CPU was running, in a dump that lost that CPU's run queue.
#include <algorithm>

#include <doctest/doctest.h>

#include <postmortem/crash_dump.h>

#include "dump/kdump_writer.h"
#include "kernel/kernel.h"
#include "kernel/percpu.h"
#include "support/places.h"
#include "support/temp_dir.h"

namespace lost_queue_real_test {

using namespace postmortem;

namespace {

/// The same dump without one page.
void write_without(const DumpFile& dump, std::uint64_t lost, const std::filesystem::path& target) {
    std::vector<std::uint64_t> pfns;
    for (auto pfn = dump.next_frame(0); pfn; pfn = dump.next_frame(*pfn + 1)) pfns.push_back(*pfn);
    KdumpContent content{.source = dump, .pfns = pfns};
    content.page = [&](std::uint64_t pfn, MutableBytes scratch) -> Result<Bytes> {
        if (pfn == lost) return fail(ErrorCode::PageMissing, "cut off");
        const auto page = dump.page(pfn * dump.page_size(), scratch);
        if (!page) return fail(page.error());
        return page->bytes;
    };
    REQUIRE(write_kdump(target, content));
}

}  // namespace

TEST_CASE("what a CPU was running is not known without its run queue, and of other CPUs it is") {
    constexpr std::uint32_t lost_cpu = 1;
    const auto path = test::source_dir() / "testdata/dumps/bookworm-sysrq/vmcore";
    const auto kernel = Kernel::open(path, {});
    REQUIRE(kernel);
    const Object queue = per_cpu_variable(**kernel, "runqueues", "rq", lost_cpu);
    const auto place = (*kernel)->memory().translate(queue["curr"].address());
    REQUIRE(place);
    const test::TempDir folder;
    write_without((*kernel)->dump(), *place / (*kernel)->dump().page_size(), folder.path() / "vmcore");

    const auto whole = CrashDump::open(path)->tasks(),
               cut = CrashDump::open(folder.path() / "vmcore")->tasks();
    REQUIRE(whole);
    REQUIRE(cut);
    CHECK(std::any_of(cut->problems.begin(), cut->problems.end(), [](const Error& problem) {
        return problem.message.find("runqueue of CPU 1") != std::string::npos;
    }));
    std::size_t unknown = 0;
    for (const TaskInfo& task : cut->tasks) {
        const auto same = std::find_if(whole->tasks.begin(), whole->tasks.end(),
                                       [&](const TaskInfo& other) { return other.task == task.task; });
        REQUIRE(same != whole->tasks.end());
        REQUIRE(same->active);
        unknown += !task.active;
        if (task.cpu == lost_cpu) CHECK_FALSE(task.active);
        if (task.active) CHECK(*task.active == *same->active);
    }
    CHECK(unknown > 0);
    CHECK(unknown < cut->tasks.size());
}

}  // namespace lost_queue_real_test
