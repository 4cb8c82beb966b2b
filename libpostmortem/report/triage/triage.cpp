#include <algorithm>
#include <chrono>
#include <ctime>
#include <map>
#include <mutex>

#include <postmortem/triage.h>

#include "base/parallel.h"
#include "dump/dump_file.h"
#include "kernel/kernel.h"
#include "kernel/sched/clock.h"
#include "report/panic/lost_event.h"
#include "report/triage/crash_files.h"

namespace postmortem {
namespace {

namespace fs = std::filesystem;

// "2026-11-21T02:39:26", "2026-11-21 02:39:26", "Sat Nov 21 02:39:26 2026". The year-less time of syslog says
// too little.
std::optional<std::int64_t> parse_time(const std::string& text) {
    for (const char* format : {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%a %b %d %H:%M:%S %Y"}) {
        std::tm time{};
        if (::strptime(text.c_str(), format, &time)) return static_cast<std::int64_t>(::timegm(&time));
    }
    return std::nullopt;
}

std::optional<std::int64_t> file_time(const fs::path& path) {
    std::error_code error;
    const auto written = fs::last_write_time(path, error);
    if (error) return std::nullopt;
    const auto system = std::chrono::file_clock::to_sys(written);
    return std::chrono::duration_cast<std::chrono::seconds>(system.time_since_epoch()).count();
}

// The kexec path notes the clock; a dump of the hypervisor's has it in the kernel's own variables.
std::optional<std::int64_t> crash_time(const Kernel& kernel) {
    if (const auto noted = kernel.vmcoreinfo().decimal("CRASHTIME")) return static_cast<std::int64_t>(*noted);
    const auto clock = read_clock(kernel);
    if (!clock) return std::nullopt;
    return clock->real_seconds;
}

void take_analysis(TriageCase& one, PanicAnalysis analysis) {
    one.kernel = analysis.log.kernel;
    if (!analysis.log.cause) {
        // What would tell of the crash may be what is missing: that is no sound machine.
        if (!analysis.problems.empty()) one.error = std::move(analysis.problems.front());
        return;
    }
    one.cause = std::move(analysis.log.events[*analysis.log.cause]);
    if (!one.seen) one.seen = parse_time(one.cause->time);
    if (one.host.empty()) one.host = one.cause->host;
}

void analyse_dump(TriageCase& one, const fs::path& path, const CrashInputOptions& options) {
    auto dump = CrashDump::open(path, options.dump);
    if (!dump) {
        one.error = dump.error();
        return;
    }
    const Kernel& kernel = dump->kernel();
    one.seen = crash_time(kernel);
    one.host = kernel.dump().info().utsname.nodename;
    PanicAnalysis by_log = dump->signature();
    if (!is_all_that_is_left(by_log.cause())) return take_analysis(one, std::move(by_log));
    // Where the log is whole and tells of no crash, what else is not known of the machine does not speak of
    // one.
    PanicAnalysis by_stack = dump->panic();
    by_stack.problems = std::move(by_log.problems);
    take_analysis(one, std::move(by_stack));
}

TriageCase analyse(const CrashFile& file, const CrashInputOptions& options) {
    TriageCase one;
    one.source = file.path.string();
    one.is_dump = file.is_dump;
    if (file.is_dump) {
        analyse_dump(one, file.path, options);
    } else if (auto analysis = analyse_crash(file.path, options)) {
        take_analysis(one, std::move(*analysis));
    } else {
        one.error = analysis.error();
    }
    if (!one.seen) {
        one.seen = file_time(file.path);
        one.seen_is_file_time = true;
    }
    return one;
}

void add_to_group(TriageGroup& group, const TriageCase& one, std::size_t index) {
    if (group.cases.empty()) {
        group.id = one.cause->id;
        group.title = one.cause->title;
        group.event_class = one.cause->event_class;
    }
    group.cases.push_back(index);
    if (!one.kernel.empty()) group.kernels.insert(one.kernel);
    if (!one.host.empty()) group.hosts.insert(one.host);
    if (!one.seen) return;
    group.first_seen = std::min(group.first_seen.value_or(*one.seen), *one.seen);
    group.last_seen = std::max(group.last_seen.value_or(*one.seen), *one.seen);
}

void group_cases(Triage& result) {
    std::map<std::string, TriageGroup> groups;
    for (std::size_t i = 0; i < result.cases.size(); ++i) {
        const TriageCase& one = result.cases[i];
        if (one.cause)
            add_to_group(groups[one.cause->id], one, i);
        else
            ++(one.error ? result.unusable : result.without_crash);
    }
    for (auto& [key, group] : groups) result.groups.push_back(std::move(group));
    std::stable_sort(
        result.groups.begin(), result.groups.end(),
        [](const TriageGroup& a, const TriageGroup& b) { return a.cases.size() > b.cases.size(); });
}

}  // namespace

Triage triage(std::span<const fs::path> paths, const TriageOptions& options) {
    Triage result;
    const std::vector<CrashFile> files = find_crash_files(paths, result.problems);
    result.cases.resize(files.size());
    std::mutex lock;
    std::size_t done = 0;
    parallel_for(files.size(), 1, [&](std::size_t first, std::size_t last) {
        for (std::size_t i = first; i < last; ++i) {
            result.cases[i] = analyse(files[i], options.input);
            const std::lock_guard guard(lock);
            ++done;
            if (options.progress) options.progress(done, files.size());
        }
    });
    group_cases(result);
    return result;
}

}  // namespace postmortem
