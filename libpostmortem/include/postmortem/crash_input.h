// A crash in whatever form it was kept: a vmcore, a kernel log, or a folder such as /var/crash/DATE with
// either.
#pragma once

#include <filesystem>

#include <postmortem/crash_dump.h>
#include <postmortem/known_crashes.h>
#include <postmortem/log_analysis.h>
#include <postmortem/panic.h>

namespace postmortem {

struct CrashInput {
    std::filesystem::path path;  ///< the file itself
    bool is_dump = false;        ///< by its first bytes; else it is read as a log
};

/// Looks at a file, or in a folder: a dump there goes before a log (vmcore-dmesg.txt, dmesg.DATE).
/// "-" is standard input, which can only be a log. Errors: Io; NotFound for a folder with neither.
POSTMORTEM_API Result<CrashInput> find_crash_input(const std::filesystem::path& path);

struct CrashInputOptions {
    OpenOptions dump;
    LogAnalysisOptions log;
    /// Of a dump, also what memory adds. Without it the log is analysed, in a fraction of the time, and
    /// memory is asked only where the log tells of no crash.
    bool with_memory = true;
};

/// Opens and analyses. Errors: those of opening; InvalidArgument where a log is empty or no text at all.
POSTMORTEM_API Result<PanicAnalysis> analyse_crash(const std::filesystem::path& path,
                                                   const CrashInputOptions& options = {});

/// The same of a dump that is open.
POSTMORTEM_API PanicAnalysis analyse_crash(const CrashDump& dump, bool with_memory = true);

/// Holds a dump's or a log's events against known crashes. An input that cannot be used is a result, too.
POSTMORTEM_API CheckResult check_crash(const KnownCrashes& known, const std::filesystem::path& path,
                                       const CrashInputOptions& options = {});

}  // namespace postmortem
