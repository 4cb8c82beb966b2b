// Machines that stand still, and machines that do not: real dumps in which the lab staged it.
#include <algorithm>
#include <filesystem>

#include <doctest/doctest.h>

#include <postmortem/crash_dump.h>
#include <postmortem/hang.h>

#include "base/text.h"
#include "support/places.h"
#include "support/real_dumps.h"

namespace hang_real_test {

using namespace postmortem;
using namespace postmortem::test;
namespace fs = std::filesystem;

namespace {

std::string scenario_of(const fs::path& file) {
    return file.parent_path().filename().string();
}

// Staged so that something stands still for longer than a working machine lets it.
bool is_staged(const std::string& name) {
    for (const std::string_view part :
         {"-hang-", "-hung", "-mod-mutex", "-mod-spin", "-mod-deaf", "-mod-rcu"})
        if (contains(name, part)) return true;
    return false;
}

// In whatever form the lab left them; and those of testdata/hangs, which no test looks at that wants a crash.
std::vector<fs::path> staged_dumps() {
    std::vector<fs::path> found;
    for (const fs::path& folder : {real_dumps_folder(), source_dir() / "testdata" / "hangs"})
        for (const auto& scenario : fs::directory_iterator(folder))
            for (const char* name :
                 {"vmcore", "vmcore.qemu-kdump-zlib", "vmcore.d31.zstd", "vmcore.d17.zstd"})
                if (contains(scenario.path().string(), "-hang-") && fs::exists(scenario.path() / name)) {
                    found.push_back(scenario.path() / name);
                    break;
                }
    return found;
}

HangReport ask(const fs::path& file) {
    const auto dump = CrashDump::open(file);
    REQUIRE(dump);
    return hang(*dump);
}

HangReport ask_sample(const std::string& name) {
    for (const char* folder : {"dumps", "hangs"})
        if (const fs::path file = source_dir() / "testdata" / folder / name / "vmcore"; fs::exists(file))
            return ask(file);
    FAIL("there is no such sample");
    return {};
}

const HangTask& task_named(const HangReport& report, std::string_view comm) {
    const auto found = std::find_if(report.tasks.begin(), report.tasks.end(),
                                    [&](const HangTask& task) { return task.task.comm == comm; });
    REQUIRE(found != report.tasks.end());
    return *found;
}

// `waiter` waits for a `kind` named `symbol`, and `blocker` is who holds it up.
void check_wait(const HangReport& report, std::string_view waiter, std::string_view kind,
                std::string_view symbol, std::string_view blocker) {
    CAPTURE(waiter);
    const HangTask& task = task_named(report, waiter);
    REQUIRE(task.wait);
    CHECK(task.wait->kind == kind);
    CHECK(task.wait->symbol == symbol);
    REQUIRE_FALSE(task.wait->blockers.empty());
    REQUIRE(task.wait->blockers.front().task);
    CHECK(task.wait->blockers.front().task->comm == blocker);
    CHECK_FALSE(task.wait->proof.empty());
    CHECK_FALSE(task.wait->blockers.front().proof.empty());
    REQUIRE(task.seconds);
    CHECK(*task.seconds > 10);
    CHECK(*task.seconds < 100);
}

}  // namespace

TEST_CASE("nothing stands still on machines that died of something else") {
    int asked = 0;
    for (const fs::path& file : real_dumps("vmcore")) {
        if (is_staged(scenario_of(file))) continue;
        CAPTURE(scenario_of(file));
        const HangReport report = ask(file);
        CHECK_FALSE(report.verdict);
        CHECK(report.cpus.empty());
        CHECK(std::none_of(report.trees.begin(), report.trees.end(),
                           [](const HangTree& tree) { return tree.deadlock; }));
        ++asked;
    }
    CHECK(asked >= 10);
}

TEST_CASE("whoever waits for its vfork() child does so by choice, and the child is named") {
    int seen = 0;
    for (const fs::path& file : real_dumps("vmcore")) {
        const HangReport report = ask(file);
        for (const HangTask& task : report.tasks) {
            if (task.task.comm != "vfork-parent" || !task.uninterruptible) continue;
            CAPTURE(scenario_of(file));
            REQUIRE(task.wait);
            CHECK(task.killable);
            CHECK(task.wait->by_choice);
            REQUIRE(task.wait->blockers.size() == 1);
            CHECK(task.wait->blockers.front().task->comm == "vfork-child");
            ++seen;
        }
    }
    CHECK(seen >= 5);
}

// What the lab stages (testdata/lab/module/labhang.c, guest/hang.c), and what must be said of it.
TEST_CASE("the verdict on every staged situation") {
    struct Staged {
        std::string_view scenario, kind;
        std::vector<std::string_view> words;
        bool by_types_of_module = false;  // which 5.10 does not have
    };
    static const Staged staged[] = {
        {"-hang-abba", "deadlock", {"one-way (pid", "other-way (pid", "wait for each other", "1 more wait"}},
        {"-hang-ring", "deadlock", {"ring-one (pid", "ring-two (pid", "ring-three (pid", "in a ring"}},
        {"-hang-rwsem",
         "stuck task",
         {"writer (pid", "rw_semaphore labhang_rwsem", "reader (pid", "labhang_doze"}},
        {"-hang-percpu", "stuck task", {"percpu_rw_semaphore labhang_percpu", "writer (pid"}},
        {"-hang-semaphore", "stuck task", {"second (pid", "semaphore labhang_semaphore"}},
        {"-hang-completion", "stuck task", {"holder (pid", "completion labhang_never", "does not name"}},
        {"-hang-bit", "stuck task", {"-waiter (pid"}},
        {"-hang-worker", "stuck task", {"holder (pid", "completion labhang_never", "2 more wait"}},
        {"-hang-flush-self",
         "deadlock",
         {"kworker/", "waits for itself", "labhang_behind of workqueue labhang"}},
        {"-hang-flush-own", "deadlock", {"kworker/", "waits for itself", "workqueue labhang"}},
        {"-hang-kthread-stop", "stuck task", {"stopper (pid", "never-stops (pid", "has to end"}},
        {"-hang-spin", "stuck CPU", {"CPU 1", "spinner (pid", "labhang_spinner"}},
        {"-hang-deaf", "stuck CPU", {"CPU 1", "no interrupts", "deaf (pid", "labhang_deaf"}},
        {"-hang-rcu", "stuck CPU", {"CPU 1", "spinner (pid", "labhang_spinner", "2 tasks wait behind it"}},
        {"-hang-dm", "stuck device", {"disk dm-0 is suspended", "dm-"}, true},
        {"-hang-fuse", "stuck task", {"fuse-reader (pid", "fuse-daemon (pid", "stopped by a signal"}, true},
        {"-hang-nfs", "silent server", {"server 127.0.0.1", "has to answer", "nfs"}, true},
        {"-hang-rt", "starvation", {"rt-hog (pid", "CPU 1", "has waited for it for"}},
    };
    int asked = 0;
    for (const fs::path& file : staged_dumps()) {
        const std::string name = scenario_of(file);
        const auto known = std::find_if(std::begin(staged), std::end(staged),
                                        [&](const Staged& one) { return name.ends_with(one.scenario); });
        if (known == std::end(staged)) continue;
        CAPTURE(name);
        ++asked;
        if (known->by_types_of_module && name.starts_with("bullseye")) continue;
        const HangReport report = ask(file);
        REQUIRE(report.verdict);
        CAPTURE(report.verdict->sentence);
        CHECK_FALSE(report.verdict->because.empty());
        CHECK(report.verdict->kind == known->kind);
        for (const std::string_view word : known->words) CHECK(contains(report.verdict->sentence, word));
    }
    MESSAGE(asked << " staged situations");
    CHECK(asked >= 2);
}

TEST_CASE("two tasks that took two mutexes in two orders are a deadlock") {
    const HangReport report = ask_sample("trixie-mod-mutex");
    REQUIRE(report.verdict);
    CHECK(report.verdict->kind == "deadlock");
    CHECK(contains(report.verdict->sentence, "one-way (pid 207)"));
    CHECK(contains(report.verdict->sentence, "other-way (pid 208)"));
    CHECK(report.verdict->because.size() == 2);
    check_wait(report, "one-way", "mutex", "labcrash_second", "other-way");
    check_wait(report, "other-way", "mutex", "labcrash_first", "one-way");
    REQUIRE_FALSE(report.trees.empty());
    CHECK(report.trees.front().deadlock);
    CHECK(report.trees.front().rows.size() == 2);
}

TEST_CASE("a chain is followed from a flush over its worker and a lock to a completion") {
    const HangReport report = ask_sample("trixie-hang-worker");
    const HangTask& flusher = task_named(report, "flusher");
    REQUIRE(flusher.wait);
    CHECK(flusher.wait->kind == "work");
    CHECK(contains(flusher.wait->detail, "labhang_work of workqueue events, which is running"));
    REQUIRE(flusher.wait->blockers.size() == 1);
    REQUIRE(flusher.wait->blockers.front().task);
    const std::string worker = flusher.wait->blockers.front().task->comm;
    CHECK(contains(worker, "kworker/"));
    check_wait(report, worker, "mutex", "labhang_first", "holder");
    const HangTask& holder = task_named(report, "holder");
    REQUIRE(holder.wait);
    CHECK(holder.wait->kind == "completion");
    CHECK(holder.wait->symbol == "labhang_never");
    CHECK(holder.wait->blockers.empty());
    CHECK_FALSE(holder.wait->unknown.empty());
    REQUIRE_FALSE(report.trees.empty());
    REQUIRE(report.trees.front().rows.size() == 3);
    CHECK(report.trees.front().rows[0].task->comm == "holder");
    CHECK(report.trees.front().rows[2].depth == 2);
}

TEST_CASE("a reader that sleeps with a rw_semaphore is named, and that it is not certain") {
    const HangReport report = ask_sample("bookworm-hang-rwsem");
    for (const std::string_view waiter : {"writer", "late-reader"}) {
        check_wait(report, waiter, "rw_semaphore", "labhang_rwsem", "reader");
        CHECK_FALSE(task_named(report, waiter).wait->blockers.front().certain);
    }
    REQUIRE(report.verdict);
    CHECK(contains(report.verdict->sentence, "does not prove"));
}

TEST_CASE("a CPU that spins for a lock that it holds is told, with where it spins") {
    const HangReport report = ask_sample("bullseye-mod-spin");
    REQUIRE(report.verdict);
    CHECK(report.verdict->kind == "stuck CPU");
    REQUIRE(report.cpus.size() == 1);
    const HangCpu& cpu = report.cpus.front();
    CHECK(cpu.cpu == 1);
    CHECK(cpu.trouble == "does not schedule");
    REQUIRE(cpu.task);
    CHECK(cpu.task->pid == 153);
    REQUIRE(cpu.functions.size() > 2);
    CHECK(cpu.functions[0] == "native_queued_spin_lock_slowpath");
    CHECK(cpu.functions[1] == "_raw_spin_lock");
    CHECK(cpu.functions[2] == "labcrash_spin");
    REQUIRE(cpu.waiting);
    CHECK(contains(cpu.waiting->comm, "kworker/1"));
    CHECK(contains(report.verdict->sentence, "labcrash_spin"));
}

}  // namespace hang_real_test
