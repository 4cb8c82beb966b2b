// The backtraces of real dumps, against the kernel's own words (its Call Trace on the console,
// /proc/PID/stack) and against crash.
#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <postmortem/crash_dump.h>
#include <postmortem/render.h>

#include "support/proc_truth.h"
#include "support/real_dumps.h"

namespace backtrace_real_test {

using namespace postmortem;
using postmortem::test::ProcTruth;

namespace {

BacktraceRequest every_task() {
    BacktraceRequest request;
    request.which = BacktraceRequest::Which::All;
    return request;
}

// "vfs_write+0xc7/0x3f0" of a line of a trace; empty where the line holds none, or a guess.
std::string place_in(const std::string& line) {
    std::istringstream words(line);
    std::string word, found;
    while (words >> word) {
        if (word == "?") return {};
        const std::size_t plus = word.find("+0x");
        if (plus != std::string::npos && plus > 0 && word.find("/0x", plus) != std::string::npos &&
            found.empty())
            found = word;
    }
    return found;
}

std::string place_of(const Frame& frame) {
    return fmt::format("{}+{:#x}/{:#x}", frame.function, frame.offset, frame.size);
}

// The certain frames of the last "Call Trace:" (of arm64: "Call trace:") of a console log, innermost first.
std::vector<std::string> last_call_trace(const std::string& console) {
    std::vector<std::string> trace;
    bool inside = false;
    std::istringstream lines(console);
    for (std::string line; std::getline(lines, line);) {
        if (line.find("Call Trace:") != std::string::npos || line.find("Call trace:") != std::string::npos) {
            trace.clear();
            inside = true;
        } else if (inside && line.find("</TASK>") == std::string::npos &&
                   line.find("RIP: 0033") == std::string::npos) {
            if (line.find("<TASK>") != std::string::npos) continue;
            // What an interrupt met is named here alone.
            if (const std::size_t rip = line.find("RIP: 0010:"); rip != std::string::npos)
                line.erase(0, rip + 10);
            if (const std::string place = place_in(line); !place.empty()) trace.push_back(place);
        } else {
            inside = false;
        }
    }
    return trace;
}

// Of the frames that the kernel itself would name.
std::vector<std::string> places_of(const Backtrace& trace) {
    std::vector<std::string> places;
    for (const Frame& frame : trace.frames)
        if (frame.trust != FrameTrust::LinkRegister) places.push_back(place_of(frame));
    return places;
}

std::string text_of(const KernelLog& log) {
    std::string text;
    for (const PrintkRecord& record : log.records) text += record.text + "\n";
    return text;
}

// Tasks of crash's `foreach bt`, by task address: the functions in order.
std::map<std::string, std::vector<std::string>> functions_by_task(const std::string& text) {
    std::map<std::string, std::vector<std::string>> tasks;
    std::string task;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string word;
        words >> word;
        if (word == "PID:") {
            words >> word >> word >> task;
            tasks[task];
        } else if (word.starts_with("#")) {
            std::string slot, function;
            words >> slot >> function;
            tasks[task].push_back(function);
        }
    }
    return tasks;
}

}  // namespace

TEST_SUITE("real dumps") {
    TEST_CASE("the panic task's frames of a real dump are the kernel's own Call Trace") {
        for (const auto& path : test::real_dumps("vmcore")) {
            const auto console = path.parent_path() / "console.log";
            if (!std::filesystem::exists(console)) continue;
            CAPTURE(path.string());
            const auto dump = CrashDump::open(path);
            REQUIRE_MESSAGE(dump, dump.error().message);
            const auto list = dump->backtraces();
            REQUIRE(list);
            CHECK(list->problems.empty());
            REQUIRE(list->backtraces.size() == 1);
            const std::vector<std::string> ours = places_of(list->backtraces.front());
            const std::string said = test::file_contents(console);
            std::vector<std::string> kernels = last_call_trace(said);
            // What a kernel says in an NMI or a double fault does not reach the console any more.
            if (kernels.empty()) kernels = last_call_trace(text_of(dump->log()));
            // panic() prints none in kernels without CONFIG_DEBUG_BUGVERBOSE: the last is of what came
            // before.
            const auto request = said.rfind("sysrq: Trigger a crash"), trace = said.rfind("Call Trace:");
            const bool is_of_before = request != said.npos && trace != said.npos && trace < request;
            if (kernels.empty() || is_of_before) continue;
            // The kernel printed its trace from within panic() or die(); what is common begins behind them.
            while (!kernels.empty() && std::find(ours.begin(), ours.end(), kernels.front()) == ours.end())
                kernels.erase(kernels.begin());
            CAPTURE(to_text(*list));
            REQUIRE(kernels.size() >= 4);
            const auto first = std::find(ours.begin(), ours.end(), kernels.front());
            CHECK(std::vector<std::string>(first, ours.end()) == kernels);
        }
    }

    TEST_CASE("the stack of every sleeping task of a real dump is what /proc showed") {
        for (const auto& path : test::real_dumps("vmcore")) {
            const auto truth = ProcTruth::beside(path);
            if (!truth) continue;
            CAPTURE(path.string());
            const auto dump = CrashDump::open(path);
            REQUIRE_MESSAGE(dump, dump.error().message);
            const auto list = dump->backtraces(every_task());
            REQUIRE(list);
            CHECK(list->problems.empty());
            std::size_t compared = 0, moved = 0;
            for (const Backtrace& trace : list->backtraces) {
                if (trace.active || trace.frames.empty()) continue;
                std::vector<std::string> expected;
                for (const auto& thread : truth->threads()) {
                    if (thread.tid != trace.pid) continue;
                    std::istringstream lines{std::string(truth->file(thread.folder + "/stack").value_or(""))};
                    for (std::string line; std::getline(lines, line);)
                        if (const std::string place = place_in(line); place.starts_with("__switch_to+")) {
                            expected.clear();  // powerpc: before it stands what happened to lie there
                        } else if (!place.empty()) {
                            expected.push_back(place);
                        }
                }
                if (expected.empty()) continue;
                // /proc leaves out the scheduler's own functions.
                std::vector<std::string> ours = places_of(trace);
                const auto first = std::find(ours.begin(), ours.end(), expected.front());
                if (first == ours.end() || std::vector<std::string>(first, ours.end()) != expected) {
                    ++moved;  // it ran between the two, as kernel threads do
                    CHECK_MESSAGE(trace.pid != 1, to_text(BacktraceList{{trace}, {}}));
                    continue;
                }
                ++compared;
            }
            CHECK(compared > 40);
            CHECK(moved * 20 <= compared);
        }
    }

    TEST_CASE("the backtraces of a real dump are crash's") {
        // Where two names share an address the kernel prints the first; crash prefers the global one.
        const std::map<std::string, std::string> aliases = {{"__x64_sys_pause", "__do_sys_pause"},
                                                            {"__x64_sys_vfork", "__do_sys_vfork"}};
        for (const auto& expected : test::real_dumps("crash.foreach-bt.txt")) {
            const auto path = expected.parent_path() / "vmcore";
            if (!std::filesystem::exists(path)) continue;
            CAPTURE(path.string());
            const auto dump = CrashDump::open(path);
            REQUIRE_MESSAGE(dump, dump.error().message);
            const auto list = dump->backtraces(every_task());
            REQUIRE(list);
            auto ours = functions_by_task(to_text(*list));
            std::size_t frames = 0, own_frames = 0, equal = 0;
            for (auto& [task, functions] : functions_by_task(test::file_contents(expected))) {
                for (std::string& function : functions)
                    if (const auto alias = aliases.find(function); alias != aliases.end())
                        function = alias->second;
                // crash may lose the frames of an interrupt's entry; what it has stands in the same order.
                frames += functions.size();
                const auto& own = ours[task];
                own_frames += own.size();
                auto next = own.begin();
                for (const std::string& function : functions) {
                    const auto found = std::find(next, own.end(), function);
                    if (found == own.end()) continue;
                    ++equal;
                    next = found + 1;
                }
            }
            CHECK(frames > 300);
            CHECK(equal * 100 >= frames * 99);
            CHECK(own_frames * 98 <= frames * 100);
        }
    }
}

}  // namespace backtrace_real_test
