// A step names a limit, a file or a setting only where that thing exists: in that kernel, that cgroup
// version, on that level of the tree. Walked over all logs at hand, and over every level, version and release
// made up.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <postmortem/oom.h>

#include "report/oom/oom_platform.h"
#include "support/files.h"
#include "support/places.h"

namespace oom_steps_test {

using namespace postmortem;
namespace fs = std::filesystem;

namespace {

struct Contradiction {
    std::string_view words;
    std::function<bool(const OomEvent&, const oom::Platform&)> impossible;
};

bool is_level(const OomEvent& event, std::initializer_list<CgroupLevel> levels) {
    if (!event.memcg.oom_path) return false;
    const CgroupLevel level = name_cgroup(*event.memcg.oom_path).level;
    return std::find(levels.begin(), levels.end(), level) != levels.end();
}

const std::vector<Contradiction>& contradictions() {
    using Platform = oom::Platform;
    const auto before = [](unsigned major, unsigned minor, unsigned patch = 0) {
        return
            [=](const OomEvent&, const Platform& platform) { return platform.before(major, minor, patch); };
    };
    const auto version = [](unsigned unwanted) {
        return
            [=](const OomEvent&, const Platform& platform) { return platform.cgroup_version() == unwanted; };
    };
    const auto no_systemd = [](const OomEvent&, const Platform& platform) {
        return platform.systemd() == false;
    };
    static const std::vector<Contradiction> all = {
        {"memory.max", version(1)},
        {"memory.current", version(1)},
        {"memory.high", version(1)},
        {"memory.swap.max", version(1)},
        {"MemoryHigh=", version(1)},
        {"memory.max", before(4, 5)},
        {"memory.current", before(4, 5)},
        {"limit_in_bytes", version(2)},
        {"usage_in_bytes", version(2)},
        {"MemoryMax=", before(4, 5)},
        {"MemoryMax=", no_systemd},
        {"MemoryLimit=", no_systemd},
        {"OOMScoreAdjust=", no_systemd},
        {"TasksMax=", no_systemd},
        {"systemctl", no_systemd},
        {"journalctl", no_systemd},
        {"journalctl", before(2, 6, 39)},
        {"MemoryMax=", before(2, 6, 39)},
        {"/proc/allocinfo", before(6, 10)},
        {"page_owner", before(3, 19)},
        {"watermark_scale_factor", before(4, 6)},
        {"zram", before(3, 14)},
        {"pids.max", before(4, 3)},
        {"MPOL_PREFERRED_MANY", before(5, 15)},
        {"oom_dump_tasks", before(2, 6, 25)},
        {"kernels from 5.16 on", [](const OomEvent&, const Platform& p) { return p.since(5, 16); }},
        {"compaction starts",
         [](const OomEvent& event, const Platform&) { return event.compaction_disabled; }},
        {"emptyDir", [](const OomEvent&, const Platform& p) { return !p.kubernetes(); }},
        {"resources.limits.memory",
         [](const OomEvent& event, const Platform&) {
             return !is_level(event, {CgroupLevel::Pod, CgroupLevel::Container}) ||
                    name_cgroup(event.memcg.oom_path.value_or("")).qos == "BestEffort";
         }},
        {"--memory of the container",
         [](const OomEvent& event, const Platform&) { return !is_level(event, {CgroupLevel::Container}); }},
        {"give the machine more memory",
         [](const OomEvent& event, const Platform&) { return event.scope != OomScope::Global; }},
    };
    return all;
}

std::size_t check(const OomEvent& event) {
    const oom::Platform platform(event);
    const OomVerdict verdict = explain(event);
    for (const std::string& step : verdict.next_steps) {
        CAPTURE(step);
        for (const Contradiction& one : contradictions()) {
            CAPTURE(one.words);
            if (step.find(one.words) != std::string::npos) CHECK_FALSE(one.impossible(event, platform));
        }
    }
    return verdict.next_steps.size();
}

std::string memcg_log(std::string_view release, std::string_view path, std::string_view counters) {
    return fmt::format(
        "a invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n"
        "CPU: 0 PID: 9 Comm: a Not tainted {0} #1\n"
        "memory: usage 102400kB, limit 102400kB, failcnt 9\n{2}"
        "Memory cgroup stats for {1}:\nanon 10000000\nfile 80000000\nshmem 30000000\nkernel 40000000\n"
        "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/"
        ",mems_allowed=0,oom_memcg={1},task_memcg={1},"
        "task=a,pid=9,uid=0\n"
        "Memory cgroup out of memory: Killed process 9 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB, "
        "shmem-rss:0kB, UID:0 pgtables:8kB oom_score_adj:0\n",
        release, path, counters);
}

std::vector<std::string> paths() {
    const std::string id(64, 'b'), pod = "pod9f2c4b21-77aa-4c1e-9d0e-3b6f5a1c2d3e";
    return {"/",
            "/kubepods",
            "/kubepods/besteffort",
            "/kubepods/burstable",
            "/kubepods.slice/kubepods-burstable.slice",
            "/kubepods/besteffort/" + pod,
            "/kubepods/besteffort/" + pod + "/" + id,
            "/kubepods/burstable/" + pod,
            "/kubepods/burstable/" + pod + "/" + id,
            "/kubepods/" + pod + "/" + id,
            "/docker/" + id,
            "/docker/" + id + "/inner",
            "/system.slice/docker-" + id + ".scope",
            "/machine.slice/libpod-" + id + ".scope",
            "/system.slice/nginx.service",
            "/system.slice",
            "/user.slice/user-1000.slice",
            "/user.slice/user-1000.slice/session-3.scope",
            "/user.slice/user-1000.slice/user@1000.service/app.slice/firefox.scope",
            "/lxc/101",
            "/lxc.payload.web",
            "/slurm/uid_1000/job_12/step_0",
            "/ecs/task/" + id,
            "/mygroup"};
}

}  // namespace

TEST_CASE("no step of any log at hand names what that machine did not have") {
    std::vector<fs::path> folders = {test::source_dir() / "testdata" / "logs"};
    if (const char* const corpus = std::getenv("POSTMORTEM_CORPUS")) folders.emplace_back(corpus);
    std::size_t events = 0, steps = 0;
    for (const fs::path& folder : folders) {
        for (const auto& entry : fs::recursive_directory_iterator(folder)) {
            if (entry.path().extension() != ".log" && entry.path().extension() != ".txt") continue;
            CAPTURE(entry.path().string());
            for (const OomEvent& event : find_oom_events(test::file_contents(entry.path()))) {
                ++events;
                steps += check(event);
            }
        }
    }
    CHECK(events > 0);
    MESSAGE(events << " events, " << steps << " steps");
}

TEST_CASE("no step names what the level, the cgroup version or the release does not have") {
    for (const std::string& path : paths())
        for (const char* const release :
             {"2.6.32-573.el6.x86_64", "3.10.0-957.el7.x86_64", "4.4.0-21-generic", "4.18.0-553.el8.x86_64",
              "5.15.30-2-pve", "6.8.1", "6.18.0"})
            for (const char* const counters :
                 {"", "swap: usage 0kB, limit 9007199254740988kB, failcnt 0\n",
                  "swap: usage 9kB, limit 9kB, failcnt 0\n",
                  "memory+swap: usage 102400kB, limit 102400kB, failcnt 0\nkmem: usage 9kB, limit "
                  "9007199254740988kB, failcnt 0\n"}) {
                CAPTURE(path);
                CAPTURE(release);
                CAPTURE(counters);
                const auto events = find_oom_events(memcg_log(release, path, counters));
                REQUIRE(events.size() == 1);
                CHECK(check(events.front()) != 0);
            }
}

TEST_CASE("who sets the limit, level by level") {
    const auto advice = [](std::string_view path) {
        const auto events = find_oom_events(
            memcg_log("6.8.1", path, "swap: usage 0kB, limit 9007199254740988kB, failcnt 0\n"));
        std::string all;
        for (const std::string& step : explain(events.front()).next_steps) all += step + "\n";
        return all;
    };
    const auto holds = [&](const std::string& path, std::string_view words) {
        CAPTURE(path);
        CHECK(advice(path).find(words) != std::string::npos);
    };
    const std::string id(64, 'c'), pod = "/pod9f2c4b21-77aa-4c1e-9d0e-3b6f5a1c2d3e";
    holds("/kubepods", "allocatable memory");
    holds("/kubepods.slice", "kubeReserved");
    holds("/kubepods.slice/kubepods-burstable.slice", "qosReserved");
    holds("/kubepods/besteffort", "all BestEffort pods");
    holds("/kubepods/besteffort" + pod, "a BestEffort pod has no limit in its manifest");
    holds("/kubepods/burstable" + pod, "the pod's limit is their sum");
    holds("/kubepods" + pod + "/" + id, "resources.limits.memory of the container");
    holds("/docker/" + id, "docker update --memory");
    holds("/system.slice/nginx.service", "MemoryMax= of nginx.service (systemctl edit)");
    holds("/user.slice/user-1000.slice/session-3.scope", "systemctl set-property");
    holds("/lxc/101", "lxc.cgroup");
    holds("/mygroup", "raise memory.max of the cgroup");
}

}  // namespace oom_steps_test
