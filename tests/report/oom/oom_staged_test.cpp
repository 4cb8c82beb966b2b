// Real kernels run out of memory in known ways (testdata/lab/stage-oom): the verdict must name the way, and
// no other; and the victim that the table predicts must be the one that died.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <postmortem/oom.h>

#include "report/oom/oom_verdict.h"
#include "support/files.h"
#include "support/places.h"

namespace oom_staged_test {

using namespace postmortem;
using Kind = OomFindingKind;

namespace {

// The events of each situation, in order; the guest announces them on its kernel log.
std::map<std::string, std::vector<OomEvent>> situations(const std::string& log) {
    std::map<std::string, std::vector<OomEvent>> result;
    constexpr std::string_view mark = "stage: situation ";
    for (std::size_t at = log.find(mark); at != std::string::npos;) {
        const std::size_t name = at + mark.size();
        const std::size_t next = log.find(mark, name);
        const std::size_t end = next == std::string::npos ? log.size() : log.rfind('\n', next) + 1;
        result[log.substr(name, log.find('\n', name) - name)] = find_oom_events(log.substr(name, end - name));
        at = next;
    }
    return result;
}

struct Expectation {
    const char* situation;
    std::vector<Kind> found;
};

const std::vector<Expectation> expectations = {
    {"memcg-limit", {Kind::MemcgLimit, Kind::AnonymousMemory, Kind::VictimLargest}},
    {"memcg-parent", {Kind::MemcgLimit, Kind::MemcgParentLimit, Kind::AnonymousMemory}},
    {"memcg-tmpfs", {Kind::MemcgLimit, Kind::MemcgShmem}},
    {"memcg-group-kill", {Kind::MemcgLimit, Kind::GroupKill}},
    {"anonymous", {Kind::Watermark, Kind::SwapAbsent, Kind::AnonymousMemory, Kind::VictimLargest}},
    {"exempt", {Kind::Watermark, Kind::VictimNotLargest}},
    {"allocating-task", {Kind::Watermark, Kind::VictimIsTrigger}},
    {"sysrq", {Kind::Manual, Kind::MemoryWasFree}},
    {"locked", {Kind::Watermark, Kind::Unevictable}},
    {"hugepages", {Kind::Watermark, Kind::Hugepages}},
    {"tmpfs", {Kind::Watermark, Kind::Shmem}},
    {"page-tables", {Kind::Watermark, Kind::PageTables}},
    {"slab", {Kind::Watermark, Kind::SlabLeak}},
    {"no-counter", {Kind::Watermark, Kind::Unaccounted}},
    {"fragmentation", {Kind::Fragmentation}},
    {"policy", {Kind::PolicyBinding}},
    {"cpuset", {Kind::CpusetBinding}},
    {"swap-full", {Kind::Watermark, Kind::SwapFull, Kind::AnonymousMemory}},
    {"panic", {Kind::Panic}},
    {"lowmem", {Kind::ZoneExhausted, Kind::Watermark, Kind::SlabLeak}},
    {"cma", {Kind::CmaUnusable, Kind::Watermark}},
};

// Kinds that each name one way to run out of memory: to claim another one's would be wrong.
const std::vector<Kind> exclusive = {
    Kind::MemcgLimit, Kind::MemcgParentLimit, Kind::MemcgShmem,      Kind::MemcgSwapLimit, Kind::Manual,
    Kind::PageFault,  Kind::Hugepages,        Kind::Unevictable,     Kind::PageTables,     Kind::SlabLeak,
    Kind::GroupKill,  Kind::PolicyBinding,    Kind::CpusetBinding,   Kind::SwapFull,       Kind::Panic,
    Kind::NoVictim,   Kind::VictimIsChild,    Kind::VictimIsTrigger, Kind::ZoneExhausted,  Kind::CmaUnusable,
};

std::vector<std::filesystem::path> staged_logs() {
    std::vector<std::filesystem::path> logs;
    const auto folder = test::source_dir() / "testdata" / "logs" / "oom";
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() == ".log") logs.push_back(entry.path());
    }
    std::sort(logs.begin(), logs.end());
    return logs;
}

}  // namespace

TEST_CASE("the verdict on every staged situation") {
    const auto logs = staged_logs();
    REQUIRE_FALSE(logs.empty());
    std::size_t checked = 0;
    for (const auto& path : logs) {
        CAPTURE(path.filename().string());
        const auto staged = situations(test::file_contents(path));
        for (const Expectation& expected : expectations) {
            const auto found = staged.find(expected.situation);
            if (found == staged.end() || found->second.empty()) continue;
            CAPTURE(std::string(expected.situation));
            const OomVerdict verdict = explain(found->second.front());
            CAPTURE(verdict.summary);
            for (const Kind kind : expected.found) {
                CAPTURE(std::string(to_string(kind)));
                // Between the last attempt and the report others may have freed memory.
                const bool recovered = kind == Kind::Watermark && verdict.has(Kind::MemoryWasFree);
                CHECK((verdict.has(kind) || recovered));
            }
            for (const Kind kind : exclusive) {
                if (std::find(expected.found.begin(), expected.found.end(), kind) != expected.found.end())
                    continue;
                CAPTURE(std::string(to_string(kind)));
                CHECK_FALSE(verdict.has(kind));
            }
            CHECK_FALSE(found->second.front().trigger.gfp_flags.empty());
            CHECK(found->second.front().problems.empty());
            ++checked;
        }
    }
    CHECK(checked >= 12);
    MESSAGE(checked << " staged situations on " << logs.size() << " kernels");
}

TEST_CASE("names of pod, container and unit in the staged cgroups") {
    for (const auto& path : staged_logs()) {
        CAPTURE(path.filename().string());
        const auto staged = situations(test::file_contents(path));
        const auto limit = staged.find("memcg-limit");
        if (limit == staged.end() || limit->second.empty()) continue;
        const OomVerdict verdict = explain(limit->second.front());
        REQUIRE(verdict.oom_cgroup);
        CHECK(verdict.oom_cgroup->pod_uid == "9f2c4b21-77aa-4c1e-9d0e-3b6f5a1c2d3e");
        CHECK(verdict.oom_cgroup->qos == "Burstable");
        CHECK(verdict.oom_cgroup->container_id->starts_with("3f8a9c2b1d4e"));
        const auto group = staged.find("memcg-group-kill");
        REQUIRE(group != staged.end());
        REQUIRE_FALSE(group->second.empty());
        CHECK(explain(group->second.front()).oom_cgroup->unit == "web.service");
        CHECK(group->second.front().victims.size() == 3);
    }
}

TEST_CASE("the predicted victim is the one that died") {
    std::size_t predictions = 0;
    std::size_t mixes = 0;
    for (const auto& path : staged_logs()) {
        CAPTURE(path.filename().string());
        for (const auto& staged : situations(test::file_contents(path))) {
            const auto& name = staged.first;
            const auto& events = staged.second;
            if (name == "allocating-task") continue;  // nobody is chosen there
            CAPTURE(name);
            for (const OomEvent& event : events) {
                if (event.victims.empty() || !event.has_task_table) continue;
                // Bound to nodes, the kernel chooses among those that may use them.
                if (event.constraint == OomConstraint::MemoryPolicy ||
                    event.constraint == OomConstraint::Cpuset)
                    continue;
                const OomTask* const predicted = oom::predicted_victim(event);
                REQUIRE(predicted != nullptr);
                CHECK(predicted->pid == event.victims.front().pid);
                ++predictions;
                mixes += name.starts_with("mix-") ? 1 : 0;
            }
        }
    }
    CHECK(mixes >= 20);
    MESSAGE(predictions << " predictions, " << mixes << " of them in mixes of oom_score_adj");
}

TEST_CASE("the sum of Mem-Info is the machine's memory") {
    for (const auto& path : staged_logs()) {
        CAPTURE(path.filename().string());
        for (const auto& staged : situations(test::file_contents(path))) {
            const auto& name = staged.first;
            const auto& events = staged.second;
            if (events.empty()) continue;
            CAPTURE(name);
            const auto balance = oom::balance_of(events.front());
            if (!balance) continue;
            std::int64_t sum = balance->unaccounted_kib;
            for (const OomCounter& part : balance->parts_kib) sum += static_cast<std::int64_t>(part.value);
            CHECK(sum == static_cast<std::int64_t>(balance->total_kib));
            // Nothing is lost but in the situation that takes pages behind the counters' back.
            const bool hidden = name == "no-counter" || name == "fragmentation" || name == "policy";
            if (!hidden) CHECK(balance->unaccounted_kib * 10 < static_cast<std::int64_t>(balance->total_kib));
        }
    }
}

}  // namespace oom_staged_test
