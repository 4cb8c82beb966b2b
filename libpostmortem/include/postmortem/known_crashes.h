// Known crashes: files that people keep, what they say of a log's events, and the verdict for a CI job.
//
// A file is a YAML list; every condition of an entry that is there must hold, and at least one of id, title,
// frames and log must be there:
//
//   - id: 3f2a9c1b7d04            # a signature, or a list of them
//     title: "kernel BUG in .*"   # a regular expression, found anywhere in the title
//     frames: [ext4_.*, "^vfs_"]  # regular expressions, each found in a function of the trace, in this order
//     log: "I/O error, dev sd"    # regular expressions, each found in some line of the log
//     kernel: ">=5.10, <6.1.50"   # releases; "6.1" alone means any 6.1
//     verdict: known              # known (default), fixed or ignore
//     link: https://bugs.example/1
//     note: what to tell whoever meets it
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <postmortem/log_analysis.h>

namespace postmortem {

enum class Verdict {
    Known,   ///< seen before and not mended: no news
    Fixed,   ///< was mended: to see it again is news
    Ignore,  ///< no crash as far as this job is concerned
};

POSTMORTEM_API std::string_view to_string(Verdict verdict);

/// One entry, as it was written.
struct KnownCrash {
    std::vector<std::string> ids;
    std::string title;
    std::vector<std::string> frames;
    std::vector<std::string> log;
    std::string kernel;
    Verdict verdict = Verdict::Known;
    std::string link;
    std::string note;
    std::string file;
    std::size_t line = 0;  ///< 1-based, in `file`
};

/// What a check comes to; a later one outweighs those before it.
enum class CheckOutcome {
    NoCrash,
    Known,     ///< every event is known
    New,       ///< at least one event is in no file, or is marked as fixed
    Unusable,  ///< the input could not be read
};

/// A stable lower-case word: "no-crash", "known", "new", "unusable".
POSTMORTEM_API std::string_view to_string(CheckOutcome outcome);

struct CheckedEvent {
    std::size_t event = 0;  ///< index into the analysis
    CheckOutcome outcome = CheckOutcome::New;
    std::optional<std::size_t> entry;  ///< index into KnownCrashes::entries()
};

struct CheckResult {
    std::string source;  ///< the path, as it was given
    CheckOutcome outcome = CheckOutcome::NoCrash;
    LogAnalysis analysis;
    std::vector<CheckedEvent> events;  ///< those that count as crashes, without escalations and ignored ones
    std::optional<Error> error;        ///< why the input is unusable
};

class POSTMORTEM_API KnownCrashes {
  public:
    /// Reads the files one after the other; of several entries that fit an event the first counts.
    /// Fails with Io, or with InvalidArgument naming file, line and reason (also for a bad regular
    /// expression).
    static Result<KnownCrashes> load(std::span<const std::filesystem::path> files);
    static Result<KnownCrashes> parse(std::string_view yaml, std::string_view file);

    KnownCrashes();
    KnownCrashes(KnownCrashes&&) noexcept;
    KnownCrashes& operator=(KnownCrashes&&) noexcept;
    ~KnownCrashes();

    const std::vector<KnownCrash>& entries() const;

    /// Analyses a log and holds its events against the entries. An input that cannot be read is a result,
    /// too.
    CheckResult check(const std::filesystem::path& log, const LogAnalysisOptions& options = {}) const;
    /// The same for a dump's log.
    CheckResult check(const KernelLog& log, std::string source, const LogAnalysisOptions& options = {}) const;

  private:
    friend class KnownCrashesLoader;
    class Impl;
    std::unique_ptr<Impl> impl_;
};

/// Whether an event is a crash to a CI job: a report of something broken, and no mere notice (a killed
/// process, a corrected hardware error) and no panic that only follows from an earlier event.
POSTMORTEM_API bool counts_as_crash(const LogEvent& event);

/// An entry for the event that can be appended to a file of known crashes.
POSTMORTEM_API std::string to_known_entry(const LogEvent& event, std::string_view note = {});

/// The results as a JUnit XML file: one test case per input; new crashes are failures, unusable inputs
/// errors, known crashes are skipped with their link.
POSTMORTEM_API std::string to_junit(std::span<const CheckResult> results, const KnownCrashes& known);

}  // namespace postmortem
