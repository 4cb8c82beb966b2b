// What the OOM killer sees in real dumps, against /proc/PID/oom_score of the guest, against the tables that
// the kernels printed themselves, and against the choices that they made.
#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <postmortem/crash_dump.h>
#include <postmortem/render.h>

#include "base/problem_collector.h"
#include "kernel/kernel.h"
#include "kernel/mm/oom_badness.h"
#include "kernel/mm/oom_rule.h"
#include "kernel/sched/tasks.h"
#include "support/proc_truth.h"
#include "support/real_dumps.h"

namespace oom_tasks_real_test {

using namespace postmortem;
using postmortem::test::ProcTruth;

namespace {

std::vector<std::string> words(const std::string& line) {
    std::istringstream in(line);
    std::vector<std::string> result;
    for (std::string word; in >> word;) result.push_back(word);
    return result;
}

// "key=value" of a comma- or blank-separated line
std::optional<std::string> value_of(const std::string& line, const std::string& key) {
    const auto at = line.find(key + "=");
    if (at == std::string::npos) return std::nullopt;
    const auto first = at + key.size() + 1;
    return line.substr(first, line.find_first_of(", ", first) - first);
}

// The last "Tasks state" table of a console log, header first; each row without its time stamp.
std::vector<std::string> last_table(const std::string& console) {
    const auto start = console.rfind("Tasks state");
    if (start == std::string::npos) return {};
    std::istringstream in(console.substr(start));
    std::vector<std::string> rows;
    std::string line;
    std::getline(in, line);
    while (std::getline(in, line)) {
        const auto stamp = line.find("] ");
        const auto row = stamp == std::string::npos ? line : line.substr(stamp + 2);
        if (!row.starts_with('[')) break;
        rows.push_back(row.substr(1));
    }
    return rows;
}

// The row's figures under the names of the header, and its pid.
std::map<std::string, std::int64_t> figures(const std::string& header, const std::string& row) {
    const auto names = words(header.substr(header.find(']') + 1));
    const auto values = words(row.substr(row.find(']') + 1));
    std::map<std::string, std::int64_t> result{{"pid", std::stoll(row)}};
    for (std::size_t i = 0; i + 1 < names.size() && i < values.size(); ++i)
        result[names[i]] = std::stoll(values[i]);
    return result;
}

// Between the truth and the dump these guests moved all their memory about.
bool stands_still(const std::filesystem::path& dump) {
    const std::string settings = test::file_contents(dump.parent_path() / "settings");
    for (const char* restless : {"scenario=oom", "scenario=hung", "scenario=many", "scenario=tmpfs",
                                 "scenario=swap", "scenario=huge", "scenario=leak"})
        if (settings.find(restless) != std::string::npos) return false;
    return true;
}

}  // namespace

TEST_SUITE("real dumps") {
    TEST_CASE("the table as text names who would die, and has a row for every process") {
        for (const auto& path : test::real_dumps("vmcore")) {
            CAPTURE(path.string());
            const auto dump = CrashDump::open(path);
            REQUIRE_MESSAGE(dump, dump.error().message);
            const auto table = dump->oom_table();
            REQUIRE_MESSAGE(table, table.error().message);
            const std::string text = to_text(*table);
            std::istringstream lines(text);
            std::string first, second;
            std::getline(lines, first);
            std::getline(lines, second);
            CAPTURE(first);
            const OomChoice& choice = table->choice;
            const OomProcess* chosen = choice.pid ? table->find(*choice.pid) : nullptr;
            const std::string name = chosen ? fmt::format("{} ({})", chosen->pid, chosen->comm) : "";
            using Outcome = OomChoice::Outcome;
            if (choice.outcome == Outcome::Kills)
                CHECK(first.starts_with("The OOM killer would kill " + name + ": badness "));
            if (choice.outcome == Outcome::Waits)
                CHECK(first.starts_with("The OOM killer would wait: " + name + " is a victim already"));
            if (choice.outcome == Outcome::Nobody)
                CHECK(first.starts_with("The OOM killer would find nobody to kill"));
            if (choice.outcome == Outcome::Unknown)
                CHECK(first.starts_with("The OOM killer's choice cannot be told"));
            if (table->ram_pages && table->swap_pages)
                CHECK(second.starts_with(fmt::format("RAM {} KiB, swap {} KiB. ",
                                                     *table->ram_pages * table->page_size / 1024,
                                                     *table->swap_pages * table->page_size / 1024)));
            std::set<std::string> pids;
            for (std::string line; std::getline(lines, line);)
                if (const auto row = words(line); row.size() > 11) pids.insert(row[0]);
            for (const OomProcess& process : table->processes) {
                CAPTURE(process.pid);
                CHECK(pids.count(std::to_string(process.pid)) == 1);
            }
        }
    }

    TEST_CASE("every process is in the OOM killer's table, with its numbers") {
        for (const auto& path : test::real_dumps("vmcore")) {
            CAPTURE(path.string());
            const auto dump = CrashDump::open(path);
            REQUIRE(dump);
            const auto table = dump->oom_table();
            REQUIRE(table);
            const auto tasks = dump->tasks();
            REQUIRE(tasks);
            std::set<std::int32_t> expected, listed;
            std::map<std::int32_t, std::uint64_t> rss;
            for (const TaskInfo& task : tasks->tasks) {
                if (task.kernel_thread) continue;
                expected.insert(task.tgid);
                if (task.rss_kib) rss[task.tgid] = std::max(rss[task.tgid], *task.rss_kib);
            }
            for (const OomProcess& process : table->processes) {
                CAPTURE(process.pid);
                CHECK(listed.insert(process.pid).second);
                if (process.memory)
                    CHECK(process.memory->rss_pages() * table->page_size / 1024 == rss[process.pid]);
                // Nothing is called immune for want of a page, and nobody immune is weighed.
                if (process.immunity != OomImmunity::None) {
                    CHECK_FALSE(process.badness);
                } else if (!process.badness) {
                    CHECK_FALSE(table->problems.empty());
                }
                CHECK((process.pid == 1) == (process.immunity == OomImmunity::Init));
            }
            CHECK(listed == expected);
        }
    }

    TEST_CASE("oom_score is what /proc said in the guest") {
        for (const auto& path : test::real_dumps("vmcore")) {
            const auto truth = ProcTruth::beside(path);
            if (!truth || !stands_still(path) || !truth->file("/proc/1/oom_score")) continue;
            CAPTURE(path.string());
            const auto dump = CrashDump::open(path);
            REQUIRE(dump);
            const auto table = dump->oom_table();
            REQUIRE(table);
            CHECK(table->problems.empty());
            std::size_t equal = 0;
            for (const OomProcess& process : table->processes) {
                const std::string folder = "/proc/" + std::to_string(process.pid);
                const auto score = truth->file(folder + "/oom_score");
                if (!score) continue;  // has come since
                CAPTURE(process.pid);
                REQUIRE(process.oom_score);
                CHECK(*process.oom_score == std::stoull(std::string(*score)));
                if (const auto adj = truth->file(folder + "/oom_score_adj"))
                    CHECK(process.oom_score_adj == std::stoi(std::string(*adj)));
                if (const auto group = truth->file(folder + "/cgroup"); group && group->starts_with("0::"))
                    CHECK(process.cgroup == group->substr(3, group->find('\n') - 3));
                ++equal;
            }
            // All but the few that have come since
            CHECK(equal > 2);
            CHECK(equal + 4 > table->processes.size());
        }
    }

    TEST_CASE("the table is the one that the kernel printed before it died, row for row") {
        for (const auto& path : test::real_dumps("vmcore")) {
            const std::string console = test::file_contents(path.parent_path() / "console.log");
            const bool at_once =
                console.find("Out of memory: compulsory panic_on_oom") != std::string::npos ||
                console.find("Kernel panic - not syncing: Out of memory") != std::string::npos ||
                console.find("labpick: would kill") != std::string::npos;
            const auto rows = last_table(console);
            if (!at_once || rows.size() < 2) continue;
            CAPTURE(path.string());
            const auto dump = CrashDump::open(path);
            REQUIRE(dump);
            const auto table = dump->oom_table();
            REQUIRE(table);
            std::size_t shrunk = 0;
            for (std::size_t i = 1; i < rows.size(); ++i) {
                CAPTURE(rows[i]);
                const auto printed = figures(rows[0], rows[i]);
                const OomProcess* process = table->find(static_cast<std::int32_t>(printed.at("tgid")));
                REQUIRE(process != nullptr);
                REQUIRE(process->counted);
                CHECK(process->mm_through.value_or(process->pid) == printed.at("pid"));
                CHECK(process->uid == printed.at("uid"));
                CHECK(process->total_vm_pages == printed.at("total_vm"));
                CHECK(process->counted->rss_pages() <= static_cast<std::uint64_t>(printed.at("rss")));
                CHECK(process->counted->page_table_bytes ==
                      static_cast<std::uint64_t>(printed.at("pgtables_bytes")));
                CHECK(process->oom_score_adj == printed.at("oom_score_adj"));
                if (process->counted->rss_pages() < static_cast<std::uint64_t>(printed.at("rss"))) {
                    ++shrunk;
                    continue;
                }
                CHECK(process->counted->swap_entries == static_cast<std::uint64_t>(printed.at("swapents")));
                if (!printed.contains("rss_anon")) continue;  // since 6.8
                CHECK(process->counted->anon_pages == static_cast<std::uint64_t>(printed.at("rss_anon")));
                CHECK(process->counted->file_pages == static_cast<std::uint64_t>(printed.at("rss_file")));
                CHECK(process->counted->shmem_pages == static_cast<std::uint64_t>(printed.at("rss_shmem")));
            }
            // Other processors go on reclaiming while the table is printed.
            CHECK(shrunk * 5 <= rows.size());
        }
    }

    TEST_CASE("the victim is the one that the kernel chose, with the points that it gave it") {
        for (const auto& path : test::real_dumps("vmcore")) {
            const std::string console = test::file_contents(path.parent_path() / "console.log");
            const auto at = console.rfind("labpick: chosen ");
            if (at == std::string::npos) continue;
            const std::string line = console.substr(at, console.find('\n', at) - at);
            const auto summary_at = console.rfind("oom-kill:constraint=");
            REQUIRE(summary_at != std::string::npos);
            const std::string summary =
                console.substr(summary_at, console.find('\n', summary_at) - summary_at);
            CAPTURE(path.string());
            CAPTURE(line);
            OomTableRequest request;
            request.cgroup = value_of(summary, "oom_memcg");
            request.allocating_pid = std::stoi(value_of(line, "allocating").value_or("0"));
            const auto dump = CrashDump::open(path);
            REQUIRE(dump);
            const auto table = dump->oom_table(request);
            REQUIRE(table);
            CHECK(table->problems.empty());
            CHECK(table->choice.outcome == OomChoice::Outcome::Kills);
            CHECK(table->choice.pid == std::stoi(value_of(line, "pid").value_or("0")));
            CHECK(table->choice.badness == std::stoll(value_of(line, "points").value_or("0")));
            CHECK(table->choice.total_pages == std::stoull(value_of(line, "totalpages").value_or("0")));
            const std::map<std::string, std::string> constraints = {{"CONSTRAINT_NONE", "none"},
                                                                    {"CONSTRAINT_CPUSET", "cpuset"},
                                                                    {"CONSTRAINT_MEMORY_POLICY", "mempolicy"},
                                                                    {"CONSTRAINT_MEMCG", "memcg"}};
            CHECK(table->choice.constraint == constraints.at(value_of(summary, "constraint").value_or("")));
            MESSAGE("victim as chosen: ", path.parent_path().filename().string());
        }
    }

    TEST_CASE("sorting, limits and bars of the printed table") {
        for (const auto& path : test::real_dumps("vmcore")) {
            const auto dump = CrashDump::open(path);
            REQUIRE(dump);
            const auto table = dump->oom_table();
            REQUIRE(table);
            for (const std::string_view key : oom_sort_keys()) {
                OomTableStyle style;
                style.sort = std::string(key);
                style.limit = 3;
                style.bars = key == "held";
                const std::string text = render_oom_processes(*table, style);
                CHECK(std::count(text.begin(), text.end(), '\n') == (table->processes.size() > 3 ? 5 : 4));
            }
            break;
        }
    }
}

TEST_SUITE("real dumps") {
    TEST_CASE("a child of vfork() is passed by where the kernel does so, and weighs something before 4.8") {
        std::size_t children = 0;
        for (const auto& path : test::real_dumps("vmcore")) {
            const auto kernel = Kernel::open(path);
            REQUIRE(kernel);
            const TaskTable table = read_tasks(**kernel);
            OomRule rule = read_oom_rule(**kernel);
            if ((*kernel)->types().damage() || !rule.spares_vfork) continue;
            ProblemCollector problems;
            const auto passed_by = read_oom_processes(**kernel, table, rule, 1000000, problems);
            rule.spares_vfork = false;
            const auto weighed = read_oom_processes(**kernel, table, rule, 1000000, problems);
            REQUIRE(passed_by.size() == weighed.size());
            for (std::size_t i = 0; i < passed_by.size(); ++i) {
                if (passed_by[i].immunity != OomImmunity::Vfork) continue;
                CAPTURE(path.string());
                CHECK(passed_by[i].oom_score == 0u);
                CHECK(weighed[i].immunity == OomImmunity::None);
                CHECK(weighed[i].badness.has_value() == weighed[i].counted.has_value());
                ++children;
            }
        }
        CHECK(children > 3);
    }
}

}  // namespace oom_tasks_real_test
