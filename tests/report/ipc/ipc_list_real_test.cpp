// Shared memory, semaphores and queues of real dumps against the guest's own /proc/sysvipc.
#include <map>
#include <sstream>

#include <doctest/doctest.h>

#include <postmortem/crash_dump.h>
#include <postmortem/ipc_list.h>

#include "kernel/kernel.h"
#include "support/proc_truth.h"
#include "support/real_dumps.h"

namespace ipc_list_real_test {

using namespace postmortem;
using test::ProcTruth;

namespace {

using Row = std::map<std::string, std::string>;

// By the names in the file's first line.
std::vector<Row> rows_of(const ProcTruth& truth, const std::string& file) {
    std::istringstream lines{std::string(truth.file(file).value_or(""))};
    std::string line;
    std::getline(lines, line);
    std::vector<std::string> names;
    std::istringstream heading(line);
    for (std::string name; heading >> name;) names.push_back(name);
    std::vector<Row> rows;
    while (std::getline(lines, line)) {
        std::istringstream words(line);
        Row row;
        std::string word;
        for (std::size_t i = 0; i < names.size() && words >> word; ++i) row[names[i]] = word;
        if (row.size() == names.size()) rows.push_back(std::move(row));
    }
    return rows;
}

void check_common(const IpcObject& object, const Row& row, const char* id) {
    CHECK(std::to_string(object.key) == row.at("key"));
    CHECK(std::to_string(object.id) == row.at(id));
    CHECK(std::to_string(object.uid) == row.at("uid"));
    CHECK(object.mode == std::stoul(row.at("perms"), nullptr, 8));
}

}  // namespace

TEST_SUITE("real dumps") {
    TEST_CASE("IPC objects of a real dump are those of /proc/sysvipc") {
        for (const auto& path : test::real_dumps("vmcore")) {
            const auto truth = ProcTruth::beside(path);
            if (!truth || !truth->file("/proc/sysvipc/sem")) continue;
            CAPTURE(path.string());
            const auto dump = CrashDump::open(path);
            REQUIRE_MESSAGE(dump, dump.error().message);
            const auto list = ipc_list(*dump);
            REQUIRE(list);
            CHECK(list->problems.empty());
            const auto memory = rows_of(*truth, "/proc/sysvipc/shm"),
                       semaphores = rows_of(*truth, "/proc/sysvipc/sem"),
                       queues = rows_of(*truth, "/proc/sysvipc/msg");
            REQUIRE(list->shared_memory.size() == memory.size());
            REQUIRE(list->semaphores.size() == semaphores.size());
            REQUIRE(list->message_queues.size() == queues.size());
            const std::uint64_t page_bytes = dump->kernel().dump().page_size();
            for (std::size_t i = 0; i < memory.size(); ++i) {
                const IpcObject& one = list->shared_memory[i];
                check_common(one, memory[i], "shmid");
                CHECK(std::to_string(one.bytes) == memory[i].at("size"));
                CHECK(std::to_string(one.count) == memory[i].at("nattch"));
                CHECK(std::to_string(one.resident_pages.value_or(~0ull) * page_bytes) == memory[i].at("rss"));
                CHECK(std::to_string(one.swapped_pages.value_or(~0ull) * page_bytes) == memory[i].at("swap"));
            }
            for (std::size_t i = 0; i < semaphores.size(); ++i) {
                check_common(list->semaphores[i], semaphores[i], "semid");
                CHECK(std::to_string(list->semaphores[i].count) == semaphores[i].at("nsems"));
            }
            for (std::size_t i = 0; i < queues.size(); ++i) {
                check_common(list->message_queues[i], queues[i], "msqid");
                CHECK(std::to_string(list->message_queues[i].bytes) == queues[i].at("cbytes"));
                CHECK(std::to_string(list->message_queues[i].count) == queues[i].at("qnum"));
            }
        }
    }
}

}  // namespace ipc_list_real_test
