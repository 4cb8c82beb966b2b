#include <algorithm>

#include <fmt/format.h>

#include <postmortem/crash_input.h>
#include <postmortem/oom.h>

#include "log/text/usable.h"
#include "report/panic/lost_event.h"
#include "report/triage/crash_files.h"

namespace postmortem {
namespace {

namespace fs = std::filesystem;

Result<CrashInput> find_in_folder(const fs::path& folder) {
    std::error_code error;
    fs::path log;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
        if (!at->is_regular_file(error)) continue;
        if (is_dump_file(at->path())) return CrashInput{folder, true};
        if (is_saved_log_name(at->path().filename().string())) log = std::max(log, at->path());
    }
    if (!log.empty()) return CrashInput{log, false};
    return CrashInput{folder, true};  // dumps may lie in folders below it; opening says what is missing
}

// A second reading, which a pipe does not allow.
std::optional<OomKillsInLog> count_oom_kills(const fs::path& path) {
    std::error_code error;
    if (!fs::is_regular_file(path, error)) return std::nullopt;
    auto reader = OomLogReader::open(path);
    if (!reader) return std::nullopt;
    OomKillsInLog found;
    while (const auto event = reader->next()) {
        if (event->victims.empty()) continue;
        const OomVictim& victim = event->victims.front();
        if (found.kills == 0) found = {0, victim.comm, victim.pid, victim.line};
        found.kills += event->victims.size();
    }
    return found.kills == 0 ? std::nullopt : std::optional(std::move(found));
}

Result<PanicAnalysis> analyse_log_file(const fs::path& path, const CrashInputOptions& options) {
    auto log = analyse_log(path, options.log);
    if (!log) return fail(std::move(log.error()));
    if (auto reason = why_unusable(*log))
        return fail(reason->code, fmt::format("{}: {}", path.string(), reason->message));
    PanicAnalysis analysis;
    analysis.source = path.string();
    analysis.log = std::move(*log);
    analysis.problems = analysis.log.problems;
    if (const LogEvent* cause = analysis.cause())
        analysis.knowledge = explain(*cause);
    else
        analysis.oom_kills = count_oom_kills(path);
    return analysis;
}

}  // namespace

Result<CrashInput> find_crash_input(const fs::path& path) {
    if (path == "-") return CrashInput{path, false};
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (status.type() == fs::file_type::directory) return find_in_folder(path);
    // A pipe must not be opened twice; it holds a log. FILE@ADDRESS is no file's name.
    const bool may_be_dump =
        status.type() == fs::file_type::regular || status.type() == fs::file_type::not_found;
    return CrashInput{path, may_be_dump && is_dump_file(path)};
}

Result<PanicAnalysis> analyse_crash(const fs::path& path, const CrashInputOptions& options) {
    const auto input = find_crash_input(path);
    if (!input) return fail(input.error());
    if (!input->is_dump) return analyse_log_file(input->path, options);
    const auto dump = CrashDump::open(input->path, options.dump);
    if (!dump) return fail(dump.error());
    return analyse_crash(*dump, options.with_memory);
}

PanicAnalysis analyse_crash(const CrashDump& dump, bool with_memory) {
    if (with_memory) return dump.panic();
    PanicAnalysis by_log = dump.signature();
    return is_all_that_is_left(by_log.cause()) ? dump.panic() : by_log;
}

CheckResult check_crash(const KnownCrashes& known, const fs::path& path, const CrashInputOptions& options) {
    const auto unusable = [&](const Error& error) {
        CheckResult result;
        result.source = path.string();
        result.outcome = CheckOutcome::Unusable;
        result.error = error;
        return result;
    };
    const auto input = find_crash_input(path);
    if (!input) return unusable(input.error());
    if (!input->is_dump) return known.check(input->path, options.log);
    const auto dump = CrashDump::open(input->path, options.dump);
    if (!dump) return unusable(dump.error());
    return known.check(dump->log(), path.string(), options.log);
}

}  // namespace postmortem
