// Every way to die of testdata/lab on four kernels, from the log alone (testdata/logs) and from the dump (the
// samples, or all that $POSTMORTEM_DUMPS holds): cause, function, module, offset, panic task, and ids that
// are the same on all kernels and different between bugs.
#include "support/ways.h"

#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <postmortem/crash_dump.h>
#include <postmortem/log_analysis.h>

#include "support/places.h"
#include "support/proc_truth.h"
#include "support/real_dumps.h"

namespace ways_test {

using namespace postmortem;
using postmortem::test::Way;
namespace fs = std::filesystem;

namespace {

fs::path log_of(std::string_view suite, const Way& way) {
    return test::source_dir() / fmt::format("testdata/logs/{}-{}.log", suite, way.name);
}

std::string without_suffix(const std::string& symbol) {
    return symbol.substr(0, symbol.find('.'));
}

// "labcrash_touch.isra.0+0x5/0x10" of the first line behind `from` that says where the kernel was, empty
// where none does.
std::string place_in_rip_line(std::string_view log, std::string_view from) {
    constexpr std::string_view marker = "RIP: 0010:";
    const std::size_t start = log.find(from);
    const std::size_t at = start == log.npos ? start : log.find(marker, start);
    if (at == log.npos) return {};
    const std::string_view rest = log.substr(at + marker.size());
    return std::string(rest.substr(0, rest.find_first_of(" \r\n")));
}

const LogEvent* cause_of(const LogAnalysis& analysis, const Way& way) {
    if (way.survives && !analysis.events.empty()) return &analysis.events.front();
    return analysis.cause ? &analysis.events[*analysis.cause] : nullptr;
}

void check_cause(const LogEvent& cause, const Way& way) {
    CHECK(to_string(cause.event_class) == way.event_class);
    CHECK(cause.title == way.title);
    CHECK_FALSE(cause.corrupted);
    if (!way.function.empty()) {
        CHECK(without_suffix(cause.function) == way.function);
        CHECK(cause.module == way.module);
        CHECK(cause.offset.has_value());
    }
    if (!way.blames.empty()) CHECK(cause.blamed == way.blames);
}

// The kernel's "RIP: 0010:…" against the event's function and offset.
void check_offset(const LogEvent& cause, const std::string& log) {
    const std::string place = place_in_rip_line(log, cause.headline);
    if (place.find('+') == place.npos || !cause.ip || !cause.ip->offset) return;
    CHECK(place ==
          fmt::format("{}+{:#x}/{:#x}", cause.ip->symbol, *cause.ip->offset, cause.ip->size.value_or(0)));
}

struct LabDump {
    std::string suite;
    Way way;
    fs::path file;
};

// Those of SUITE-SCENARIO folders whose scenario has an answer in ways.yaml, raw or filtered.
std::vector<LabDump> lab_dumps() {
    std::vector<LabDump> found;
    for (const std::string_view suite : test::lab_suites) {
        for (const Way& way : test::ways_of(suite)) {
            const fs::path folder = test::real_dumps_folder() / fmt::format("{}-{}", suite, way.name);
            for (const char* name :
                 {"vmcore", "vmcore.d31.zstd", "vmcore.d17.zstd", "vmcore.d31.lzo", "vmcore.d17.lzo"}) {
                if (!fs::exists(folder / name)) continue;
                found.push_back({std::string(suite), way, folder / name});
                break;
            }
        }
    }
    return found;
}

std::string text_of(const KernelLog& log) {
    std::string text;
    for (const PrintkRecord& record : log.records) text += record.text + "\n";
    return text;
}

// The pid in the last "CPU: 0 PID: 267 Comm: sh", which is of the task that the kernel died in.
std::optional<int> pid_of_last_report(const std::string& log) {
    const std::size_t at = log.rfind(" PID: ");
    if (at == log.npos) return std::nullopt;
    return std::atoi(log.c_str() + at + 6);
}

std::string place_of(const Frame& frame) {
    return fmt::format("{}+{:#x}/{:#x}", frame.function, frame.offset, frame.size);
}

const Frame* frame_at(const Backtrace& trace, const std::string& place) {
    for (const Frame& frame : trace.frames)
        if (place_of(frame) == place) return &frame;
    return nullptr;
}

bool runs(const std::vector<Backtrace>& cpus, const std::string& function) {
    for (const Backtrace& trace : cpus)
        for (const Frame& frame : trace.frames)
            if (frame.function == function) return true;
    return false;
}

// What memory says of the death against what the kernel said of it in its log.
void check_memory(const PanicEvidence& evidence, const std::vector<Backtrace>& other_cpus,
                  const std::string& log, const LogEvent& cause) {
    REQUIRE(evidence.task);
    CHECK(pid_of_last_report(log) == evidence.task->pid);
    REQUIRE(evidence.backtrace);
    CHECK(evidence.backtrace->end != BacktraceEnd::Lost);
    const std::string place = place_in_rip_line(log, cause.headline);
    if (place.find('+') == place.npos) return;
    if (const Frame* frame = frame_at(*evidence.backtrace, place)) {
        CHECK(frame->trust == FrameTrust::Registers);
    } else {
        // A processor that another one has seen stuck; it has gone round its loop since.
        CHECK_MESSAGE(runs(other_cpus, place.substr(0, place.find('+'))), place);
    }
}

}  // namespace

TEST_CASE("every way to die is told from the kernel's log, with one id on all kernels") {
    std::map<std::string, std::set<std::string>> ids_of_way;
    std::map<std::string, std::string> bug_of_id;
    std::size_t logs = 0;
    for (const std::string_view suite : test::lab_suites) {
        for (const Way& way : test::ways_of(suite)) {
            CAPTURE(suite);
            CAPTURE(way.name);
            if (!fs::exists(log_of(suite, way))) continue;  // not every guest has been run yet
            const std::string log = test::file_contents(log_of(suite, way));
            const LogAnalysis analysis = analyse_log_text(log);
            ++logs;
            const LogEvent* cause = cause_of(analysis, way);
            REQUIRE(cause);
            check_cause(*cause, way);
            check_offset(*cause, log);

            const std::string bug = way.same_as.empty() ? way.name : way.same_as;
            const auto [known, is_new] = bug_of_id.try_emplace(cause->id, bug);
            CHECK_MESSAGE(known->second == bug, cause->id);
            ids_of_way[bug].insert(cause->id);
        }
    }
    CHECK(ids_of_way.size() >= 25);
    CHECK(logs >= 100);
    for (const auto& entry : ids_of_way) {
        CAPTURE(entry.first);
        CHECK(entry.second.size() == 1);
    }
}

TEST_SUITE("real dumps") {
    TEST_CASE(
        "the way to die of a real dump is told from its memory and its log, with the id of the log alone") {
        for (const LabDump& lab : lab_dumps()) {
            CAPTURE(lab.file.string());
            const auto dump = CrashDump::open(lab.file);
            REQUIRE_MESSAGE(dump, dump.error().message);
            const PanicAnalysis analysis = dump->panic();
            const LogEvent* cause = cause_of(analysis.log, lab.way);
            REQUIRE(cause);
            check_cause(*cause, lab.way);
            const std::string log = text_of(dump->log());
            check_offset(*cause, log);
            REQUIRE(analysis.evidence);
            // The task of an event that the kernel survived has moved on or is gone.
            if (!lab.way.survives) check_memory(*analysis.evidence, dump->report().other_cpus, log, *cause);

            if (!fs::exists(log_of(lab.suite, lab.way))) continue;
            const LogAnalysis alone = analyse_log_text(test::file_contents(log_of(lab.suite, lab.way)));
            REQUIRE(cause_of(alone, lab.way));
            CHECK(cause->id == cause_of(alone, lab.way)->id);
        }
    }
}

}  // namespace ways_test
