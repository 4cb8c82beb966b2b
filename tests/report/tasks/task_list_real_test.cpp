// The task lists of real dumps, against what /proc said in the guest and against what crash prints.
#include <cctype>
#include <map>
#include <sstream>

#include <doctest/doctest.h>

#include <postmortem/crash_dump.h>
#include <postmortem/render.h>

#include "support/proc_truth.h"
#include "support/real_dumps.h"

namespace task_list_real_test {

using namespace postmortem;
using postmortem::test::ProcTruth;

namespace {

std::map<int, TaskInfo> by_pid(const TaskList& list) {
    std::map<int, TaskInfo> tasks;
    for (const TaskInfo& task : list.tasks) tasks[task.pid] = task;
    return tasks;
}

// The letter of /proc's State line for crash's two letters.
char state_letter(const std::string& letters) {
    static const std::map<std::string, char> known = {{"RU", 'R'}, {"IN", 'S'}, {"UN", 'D'}, {"ID", 'I'},
                                                      {"ST", 'T'}, {"TR", 't'}, {"ZO", 'Z'}, {"DE", 'X'}};
    const auto found = known.find(letters);
    return found == known.end() ? '?' : found->second;
}

std::optional<std::uint64_t> kib(std::string_view status, std::string_view key) {
    const auto text = ProcTruth::field(status, key);
    if (!text) return std::nullopt;
    return std::strtoull(text->c_str(), nullptr, 10);
}

// Tasks that sleep are as they were when the guest wrote /proc down; anything else may have gone on.
bool slept(std::string_view status) {
    const auto state = ProcTruth::field(status, "State");
    return state && state->find_first_of("SDITtZ") == 0;
}

// crash's columns of one row, COMM whole.
struct Row {
    std::string pid, ppid, cpu, task, state, percent, vsz, rss, comm;
    bool operator==(const Row&) const = default;
};

std::optional<Row> parsed(std::string line) {
    if (line.size() < 2) return std::nullopt;
    line[0] = ' ';
    std::istringstream words(line);
    Row row;
    words >> row.pid >> row.ppid >> row.cpu >> row.task >> row.state >> row.percent >> row.vsz >> row.rss;
    std::getline(words >> std::ws, row.comm);
    if (row.task.size() != 16 || !std::isdigit(static_cast<unsigned char>(row.pid[0]))) return std::nullopt;
    row.percent.clear();  // a share of which total is crash's own choice
    return row;
}

bool plain(const std::string& text) {
    for (const char c : text)
        if (c < 0x20 || c == '\\' || c == 0x7f) return false;
    return true;
}

}  // namespace

TEST_SUITE("real dumps") {
    TEST_CASE("every sleeping task of a real dump is as /proc showed it") {
        for (const auto& path : test::real_dumps("vmcore")) {
            const auto truth = ProcTruth::beside(path);
            if (!truth) continue;
            CAPTURE(path.string());
            const auto dump = CrashDump::open(path);
            REQUIRE_MESSAGE(dump, dump.error().message);
            const auto list = dump->tasks();
            REQUIRE(list);
            CHECK(list->problems.empty());
            const auto tasks = by_pid(*list);

            std::size_t compared = 0, gone = 0;
            for (const auto& thread : truth->threads()) {
                const std::string_view status = *truth->file(thread.folder + "/status");
                if (!slept(status)) continue;
                CAPTURE(thread.tid);
                const auto found = tasks.find(thread.tid);
                if (found == tasks.end()) {  // a worker of the kernel that ended since
                    ++gone;
                    continue;
                }
                const TaskInfo& task = found->second;
                if (task.state == "RU") continue;  // woken since
                ++compared;
                CHECK(task.tgid == thread.tgid);
                CHECK(ProcTruth::field(status, "PPid") == std::to_string(task.ppid.value_or(-1)));
                const std::string state = ProcTruth::field(status, "State").value_or("?");
                // I and S are told apart by a flag that a kernel worker may change between two sleeps.
                if (!task.kernel_thread) CHECK(state[0] == state_letter(task.state));
                // kworker names in /proc carry their work queue; they are not in task->comm.
                if (const auto name = ProcTruth::field(status, "Name");
                    name && plain(*name) && !task.kernel_thread)
                    CHECK(*name == task.comm);
                if (const auto size = kib(status, "VmSize")) CHECK(task.vsz_kib == size);
            }
            CHECK(compared > 40);
            CHECK(gone <= 8);
        }
    }

    TEST_CASE("ps of a real dump is what crash prints") {
        for (const auto& expected : test::real_dumps("crash.ps.txt")) {
            const auto path = expected.parent_path() / "vmcore";
            if (!std::filesystem::exists(path)) continue;
            CAPTURE(path.string());
            const auto dump = CrashDump::open(path);
            REQUIRE_MESSAGE(dump, dump.error().message);
            const auto list = dump->tasks();
            REQUIRE(list);
            std::istringstream ours(to_text(*list)), theirs(test::file_contents(expected));
            std::multimap<std::string, Row> printed;
            for (std::string line; std::getline(ours, line);)
                if (auto row = parsed(line)) printed.emplace(row->task, *row);
            std::size_t rows = 0;
            for (std::string line; std::getline(theirs, line);) {
                const auto row = parsed(line);
                if (!row) continue;
                ++rows;
                CAPTURE(line);
                const auto own = printed.find(row->task);
                REQUIRE(own != printed.end());
                // Names with control characters are escaped by us and printed raw by crash.
                if (plain(own->second.comm) && plain(row->comm)) {
                    CHECK(own->second == *row);
                } else {
                    CHECK(own->second.pid == row->pid);
                }
            }
            CHECK(rows == list->tasks.size());
        }
    }
}

}  // namespace task_list_real_test
