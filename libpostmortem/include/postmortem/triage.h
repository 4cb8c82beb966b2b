// Many crashes at once, grouped by what they have in common: the signature of their cause.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <postmortem/crash_input.h>

namespace postmortem {

/// One dump or log.
struct TriageCase {
    std::string source;
    bool is_dump = false;
    std::optional<LogEvent> cause;     ///< absent where it tells of no crash, or cannot be used
    std::optional<Error> error;        ///< why it cannot be used
    std::optional<std::int64_t> seen;  ///< seconds since 1970: the crash's own time, else the file's
    bool seen_is_file_time = false;
    std::string kernel;
    std::string host;
};

/// Cases whose causes have the same id.
struct TriageGroup {
    std::string id;
    std::string title;
    EventClass event_class = EventClass::OtherBug;
    std::optional<std::int64_t> first_seen, last_seen;
    std::set<std::string> kernels, hosts;
    std::vector<std::size_t> cases;  ///< indices into the triage's cases
};

struct Triage {
    std::vector<TriageCase> cases;    ///< in the order of their paths
    std::vector<TriageGroup> groups;  ///< most frequent first
    std::size_t without_crash = 0, unusable = 0;
    Problems problems;  ///< folders that could not be read
};

struct TriageOptions {
    CrashInputOptions input = {.dump = {}, .log = {}, .with_memory = false};
    /// Called from any thread, one call at a time.
    std::function<void(std::size_t done, std::size_t all)> progress;
};

/// Analyses the files, and all files in the folders and below them, on all cores. A log that lies beside its
/// dump is passed over.
POSTMORTEM_API Triage triage(std::span<const std::filesystem::path> paths, const TriageOptions& options = {});

}  // namespace postmortem
