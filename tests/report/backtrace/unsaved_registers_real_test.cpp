// Where a CPU was whose registers nobody can know: a guess that says so, of that CPU alone.
#include <algorithm>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <postmortem/crash_dump.h>

#include "kernel/percpu.h"
#include "support/changed_dump.h"
#include "support/temp_dir.h"

namespace unsaved_registers_real_test {

using namespace postmortem;

namespace {

BacktraceList of_cpus(const std::filesystem::path& path) {
    BacktraceRequest request;
    request.which = BacktraceRequest::Which::OnCpus;
    request.cpus = {0, 1, 2, 3};
    return CrashDump::open(path)->backtraces(request).value();
}

std::uint64_t note_of(const Kernel& kernel, std::uint32_t cpu) {
    const std::uint64_t buffers = kernel.memory().word(kernel.symbol("crash_notes").value()).value();
    return per_cpu_address(kernel, buffers, cpu).value();
}

std::vector<std::string> functions(const Backtrace& trace) {
    std::vector<std::string> names;
    for (const Frame& frame : trace.frames) names.push_back(frame.function);
    return names;
}

// How many of the outermost are the same.
std::size_t common_end(const std::vector<std::string>& one, const std::vector<std::string>& other) {
    const auto [at, unused] = std::mismatch(one.rbegin(), one.rend(), other.rbegin(), other.rend());
    return static_cast<std::size_t>(at - one.rbegin());
}

bool tells(const Problems& problems, std::string_view words) {
    return std::ranges::any_of(
        problems, [&](const Error& problem) { return problem.message.find(words) != std::string::npos; });
}

// Whichever CPU it is, the others are as before.
void check_one_unknown(const BacktraceList& whole, const BacktraceList& changed, std::uint32_t unknown) {
    REQUIRE(changed.backtraces.size() == whole.backtraces.size());
    for (std::size_t i = 0; i < whole.backtraces.size(); ++i) {
        const Backtrace &before = whole.backtraces[i], &now = changed.backtraces[i];
        REQUIRE(now.cpu == before.cpu);
        CAPTURE(*now.cpu);
        if (now.cpu != unknown) {
            CHECK(functions(now) == functions(before));
            CHECK(now.registers.size() == before.registers.size());
            CHECK(now.end == before.end);
            continue;
        }
        CHECK(now.registers.empty());
        for (const Frame& frame : now.frames) CHECK(frame.trust == FrameTrust::Scan);
        CHECK(common_end(functions(before), functions(now)) >= std::min<std::size_t>(2, now.frames.size()));
        CHECK((!now.frames.empty() || now.end == BacktraceEnd::Lost));
    }
}

}  // namespace

TEST_CASE("a CPU whose registers were not saved, or are lost, is guessed at, and the others are not") {
    std::size_t guessed = 0;
    for (const char* sample : {"bookworm-sysrq", "bullseye-sysrq", "trixie-sysrq", "bookworm-oom-panic"})
        for (std::uint32_t cpu = 0; cpu < 4; ++cpu) {
            CAPTURE(sample);
            CAPTURE(cpu);
            const test::TempDir folder;
            test::ChangedDump unsaved(sample), lost(sample);
            const BacktraceList whole = of_cpus(unsaved.kernel().path());
            unsaved.set<std::uint64_t>(note_of(unsaved.kernel(), cpu), 0);
            unsaved.set<std::uint64_t>(note_of(unsaved.kernel(), cpu) + 8, 0);
            unsaved.save(folder.path() / "unsaved");
            const BacktraceList guess = of_cpus(folder.path() / "unsaved");
            check_one_unknown(whole, guess, cpu);
            CHECK(tells(guess.problems, "the registers of CPU " + std::to_string(cpu) + " are not known"));
            for (const Backtrace& trace : guess.backtraces)
                guessed += trace.cpu == cpu && !trace.frames.empty();

            lost.lose(note_of(lost.kernel(), cpu));
            lost.save(folder.path() / "lost");
            const BacktraceList without = of_cpus(folder.path() / "lost");
            CHECK(tells(without.problems, "the registers of CPU " + std::to_string(cpu) + ": "));
        }
    CHECK(guessed > 8);
}

}  // namespace unsaved_registers_real_test
