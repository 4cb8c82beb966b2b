// Why real dumps died: the same from the dump as from its log alone, and what memory adds against what the
// guest's own /proc said.
#include <algorithm>
#include <map>
#include <string>

#include <doctest/doctest.h>

#include <postmortem/crash_input.h>
#include <postmortem/render.h>

#include "base/text.h"
#include "kernel/kernel.h"
#include "report/panic/lost_event.h"
#include "support/changed_dump.h"
#include "support/proc_truth.h"
#include "support/real_dumps.h"
#include "support/temp_dir.h"

namespace panic_real_test {

using namespace postmortem;
namespace fs = std::filesystem;

namespace {

PanicAnalysis analysed(const fs::path& path, bool with_memory = true) {
    CrashInputOptions options;
    options.with_memory = with_memory;
    auto analysis = analyse_crash(path, options);
    REQUIRE_MESSAGE(analysis, (analysis ? std::string() : analysis.error().message));
    return std::move(*analysis);
}

std::optional<std::int64_t> setting(const PanicEvidence& evidence, std::string_view name) {
    for (const PanicSetting& one : evidence.settings)
        if (one.name == name) return one.value;
    return std::nullopt;
}

}  // namespace

TEST_CASE("a real dump and its log alone give the same cause") {
    const auto dumps = test::real_dumps("vmcore");
    REQUIRE_FALSE(dumps.empty());
    for (const fs::path& path : dumps) {
        CAPTURE(path.string());
        const auto dump = CrashDump::open(path);
        REQUIRE(dump);
        const PanicAnalysis whole = dump->panic();
        REQUIRE(whole.cause());
        const test::TempDir folder;
        const PanicAnalysis by_log = analysed(folder.write("dmesg.txt", to_text(dump->log())));
        REQUIRE(by_log.cause());
        CHECK(whole.cause()->id == by_log.cause()->id);
        CHECK(whole.cause()->title == by_log.cause()->title);
        CHECK(whole.cause()->function == by_log.cause()->function);
        CHECK(whole.cause()->kernel == by_log.cause()->kernel);
        CHECK(analysed(path, false).cause()->id == whole.cause()->id);
        CHECK(whole.knowledge != nullptr);
    }
}

TEST_CASE("a real dump's memory names the task that the log names") {
    for (const fs::path& path : test::real_dumps("vmcore")) {
        CAPTURE(path.string());
        const PanicAnalysis analysis = analysed(path);
        REQUIRE(analysis.evidence);
        REQUIRE(analysis.evidence->task);
        REQUIRE(analysis.cause());
        CHECK(analysis.evidence->cpu.has_value());
        // A stall is reported of one task and may be noticed by another.
        const EventClass kind = analysis.cause()->event_class;
        if (kind == EventClass::HungTask || kind == EventClass::RcuStall) continue;
        if (analysis.cause()->pid)
            CHECK(static_cast<std::int64_t>(*analysis.cause()->pid) == analysis.evidence->task->pid);
        if (!analysis.cause()->comm.empty()) CHECK(analysis.cause()->comm == analysis.evidence->task->comm);
    }
}

TEST_CASE("the machine of a real dump that kdump took died of its cause") {
    for (const fs::path& path : test::real_dumps("vmcore")) {
        CAPTURE(path.string());
        const PanicAnalysis analysis = analysed(path);
        REQUIRE(analysis.evidence);
        REQUIRE(analysis.cause());
        REQUIRE(analysis.evidence->backtrace);
        const auto& frames = analysis.evidence->backtrace->frames;
        const bool by_kdump = std::any_of(frames.begin(), frames.end(), [](const Frame& frame) {
            return frame.function == "__crash_kexec";
        });
        if (!by_kdump) continue;
        CHECK(analysis.cause()->outcome == Outcome::Died);
        CHECK(analysis.cause()->role == EventRole::Killed);
        CHECK(analysis.log.died);
    }
}

TEST_CASE("a real dump whose log is lost: the stack tells the same function") {
    for (const fs::path& path : test::real_dumps("vmcore")) {
        CAPTURE(path.string());
        const PanicAnalysis analysis = analysed(path);
        REQUIRE(analysis.evidence);
        REQUIRE(analysis.cause());
        const EventClass kind = analysis.cause()->event_class;
        if (kind != EventClass::NullDereference && kind != EventClass::SysrqCrash) continue;
        const auto kernel = Kernel::open(path);
        REQUIRE(kernel);
        const FaultWords& words = (*kernel)->arch().faults;
        const auto event = event_from_backtrace(*analysis.evidence, words, analysis.log.kernel,
                                                analysis.cause()->fault_address.value_or(0));
        REQUIRE(event);
        CHECK(event->id == analysis.cause()->id);
        CHECK(event->title == analysis.cause()->title);
        CHECK(event->line == 0);
    }
}

TEST_CASE("a dump whose log cannot be found is told by its stack, as `panic` prints it") {
    for (const char* sample : {"bookworm-mod-null", "bookworm-sysrq", "bullseye-sysrq", "trixie-sysrq",
                               "arm64-trixie-sysrq", "riscv64-trixie-sysrq", "s390x-trixie-sysrq"}) {
        CAPTURE(sample);
        test::ChangedDump changed(sample);
        changed.set<std::uint64_t>("prb", 16);
        const test::TempDir folder;
        changed.save(folder.path() / "vmcore");
        const PanicAnalysis whole = analysed(changed.kernel().path()),
                            lost = analysed(folder.path() / "vmcore");
        REQUIRE(whole.cause());
        REQUIRE(lost.cause());
        CHECK(lost.log.events.size() == 1);
        CHECK(lost.cause()->id == whole.cause()->id);
        CHECK(lost.cause()->fault_address == whole.cause()->fault_address);
        CHECK(lost.log.kernel == whole.log.kernel);
        CHECK(lost.log.panicked);
        CHECK_FALSE(lost.problems.empty());
    }
}

TEST_CASE("tasks in state D of a real dump are those that the guest saw, for as long") {
    std::size_t seen = 0;
    for (const fs::path& path : test::real_dumps("vmcore")) {
        const auto truth = test::ProcTruth::beside(path);
        if (!truth) continue;
        CAPTURE(path.string());
        std::map<std::int32_t, BlockedTask> ours;
        const PanicAnalysis analysis = analysed(path);
        REQUIRE(analysis.evidence);
        for (const BlockedTask& task : analysis.evidence->blocked) ours[task.pid] = task;
        for (const auto& thread : truth->threads()) {
            const auto status = truth->file(thread.folder + "/status");
            if (!status || !test::ProcTruth::field(*status, "State").value_or("").starts_with("D")) continue;
            // Workers of the kernel come and go.
            if (!test::ProcTruth::field(*status, "VmSize")) continue;
            CAPTURE(thread.tid);
            REQUIRE(ours.contains(thread.tid));
            ++seen;
            const BlockedTask& task = ours[thread.tid];
            REQUIRE(task.seconds);
            // It slept when the guest looked, which was a moment before the end.
            CHECK(*task.seconds > 0.0);
            REQUIRE_FALSE(task.functions.empty());
            // /proc/PID/stack leaves out the functions of the scheduler's own section, such as waiting ones.
            auto stack = truth->file(thread.folder + "/stack");
            if (stack) {
                // (of powerpc also what happened to lie below __switch_to())
                if (const std::size_t at = stack->find("__switch_to+"); at != stack->npos)
                    stack = stack->substr(std::min(stack->find('\n', at) + 1, stack->size()));
                CHECK(std::any_of(task.functions.begin(), task.functions.end(),
                                  [&](const std::string& function) {
                                      return stack->starts_with("[<0>] " + function + "+");
                                  }));
            }
        }
    }
    CHECK(seen > 0);
}

TEST_CASE("panic settings of a real dump are those of its /proc/sys, or what its death needed") {
    for (const fs::path& path : test::real_dumps("vmcore")) {
        const auto truth = test::ProcTruth::beside(path);
        if (!truth) continue;
        CAPTURE(path.string());
        const PanicAnalysis analysis = analysed(path);
        REQUIRE(analysis.evidence);
        REQUIRE(analysis.cause());
        CHECK_FALSE(analysis.evidence->settings.empty());
        // Where an oops was the end, the guest had switched it on last of all.
        if (analysis.cause()->die_count) CHECK(setting(*analysis.evidence, "kernel.panic_on_oops") == 1);
        const auto on_oom = setting(*analysis.evidence, "vm.panic_on_oom");
        const auto theirs = truth->file("/proc/sys/vm/panic_on_oom");
        if (!theirs || !on_oom) continue;  // an extracted sample may lack the page
        if (analysis.cause()->event_class == EventClass::OutOfMemory)
            CHECK(*on_oom > 0);
        else
            CHECK(*on_oom == parse_i64(trimmed(*theirs)));
    }
}

}  // namespace panic_real_test
