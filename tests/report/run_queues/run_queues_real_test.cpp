// What waits for the CPUs of real dumps: by the kernel's own words, and by crash's.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include <doctest/doctest.h>

#include <postmortem/crash_dump.h>
#include <postmortem/render.h>

#include "support/files.h"
#include "support/real_dumps.h"

namespace run_queues_real_test {

using namespace postmortem;
using namespace postmortem::test;
namespace fs = std::filesystem;

namespace {

struct Told {
    std::set<std::int32_t> pids;
    std::map<std::int32_t, std::string> names;
};

// "lab: runq: >R  rt-fifo  206 …": what the kernel printed as runnable right before it died
// (sched_debug_show()).
Told runnable_by_the_kernel(const KernelLog& log) {
    Told told;
    for (const PrintkRecord& record : log.records) {
        constexpr std::string_view head = "lab: runq: ";
        if (!record.text.starts_with(head)) continue;
        std::istringstream words(record.text.substr(head.size()));
        std::string state, name;
        std::int32_t pid = 0;
        if (!(words >> state >> name >> pid) || (state != "R" && state != ">R")) continue;
        told.pids.insert(pid);
        told.names[pid] = name;
    }
    return told;
}

// Those that the guest started and that never sleep.
bool never_sleeps(const std::string& name) {
    const bool ours = name.starts_with("fair-") || name.starts_with("rt-") || name.starts_with("deadline-");
    return ours && !name.starts_with("fair-doze");
}

void add_rows(const std::optional<SchedulingQueue>& queue, std::multiset<std::int32_t>& pids) {
    if (!queue) return;
    CHECK(queue->whole);
    for (const RunQueueRow& row : queue->rows)
        if (row.task && !row.task->current) pids.insert(row.task->pid);
}

std::multiset<std::int32_t> runnable(const RunQueues& queues) {
    std::multiset<std::int32_t> pids;
    for (const CpuRunQueue& cpu : queues.cpus) {
        REQUIRE(cpu.current);
        pids.insert(cpu.current->pid);
        for (const auto* queue : {&cpu.stop, &cpu.deadline, &cpu.realtime, &cpu.fair, &cpu.extensible})
            add_rows(*queue, pids);
    }
    return pids;
}

// crash knows nothing of deadline queues, and leaves blanks at the ends of lines.
std::string without_deadlines(const std::string& text) {
    std::istringstream lines(text);
    std::string out;
    bool in_deadlines = false;
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("  DL RB_ROOT"))
            in_deadlines = true;
        else if (!line.starts_with("     "))
            in_deadlines = false;
        while (!line.empty() && line.back() == ' ') line.pop_back();
        if (!in_deadlines) out += line + "\n";
    }
    return out;
}

}  // namespace

TEST_CASE("real dump: what the kernel called runnable is on a runqueue, once") {
    std::size_t seen = 0, deadlines = 0, groups = 0, throttled = 0;
    for (const fs::path& file : real_dumps("vmcore")) {
        CAPTURE(file.string());
        const auto dump = CrashDump::open(file);
        REQUIRE(dump);
        const Told told = runnable_by_the_kernel(dump->log());
        if (told.pids.empty()) continue;
        const auto queues = dump->run_queues();
        REQUIRE(queues);
        CHECK(queues->problems.empty());
        const auto found = runnable(*queues);
        for (const auto& [pid, name] : told.names) {
            if (!never_sleeps(name)) continue;
            CAPTURE(name);
            // A deadline task that has used up its runtime since is off the queue until its next period.
            const std::size_t least = name.starts_with("deadline-") ? 0 : 1;
            CHECK(found.count(pid) >= least);
            CHECK(found.count(pid) <= 1);
            seen += found.count(pid);
        }
        for (const CpuRunQueue& cpu : queues->cpus) {
            if (cpu.deadline) deadlines += cpu.deadline->rows.size();
            for (const RunQueueRow& row : cpu.fair->rows) {
                groups += row.group.has_value();
                throttled += row.group && row.group->throttled == true;
                // Nobody of them waits longer than the machine ran them for.
                if (row.task && row.task->waiting_ns) CHECK(*row.task->waiting_ns < 60'000'000'000);
            }
        }
    }
    MESSAGE(seen, " runnable tasks, ", deadlines, " with deadlines, ", groups, " groups, ", throttled,
            " throttled");
    if (std::getenv("POSTMORTEM_DUMPS")) return;  // whoever brings dumps need not bring such ones
    CHECK(seen >= 40);
    CHECK(deadlines >= 6);
    CHECK(groups >= 8);
    CHECK(throttled >= 1);
}

TEST_CASE("real dump: runq as crash prints it") {
    const std::pair<RunQueueStyle, const char*> styles[] = {
        {RunQueueStyle::Queues, "crash.runq.txt"},   {RunQueueStyle::Timestamps, "crash.runq-t.txt"},
        {RunQueueStyle::Lag, "crash.runq-T.txt"},    {RunQueueStyle::Milliseconds, "crash.runq-m.txt"},
        {RunQueueStyle::Groups, "crash.runq-g.txt"}, {RunQueueStyle::OnRunqueue, "crash.runq-d.txt"}};
    for (const auto& [style, name] : styles)
        for (const fs::path& peer : real_dumps(name)) {
            CAPTURE(peer.string());
            const auto dump = CrashDump::open(peer.parent_path() / "vmcore");
            REQUIRE(dump);
            const auto queues = dump->run_queues();
            REQUIRE(queues);
            CHECK(without_deadlines(to_text(*queues, style)) == without_deadlines(file_contents(peer)));
        }
}

}  // namespace run_queues_real_test
