// A small dump out of a large one: the pages that those who diagnose it ask for, and no others.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include <postmortem/api.h>
#include <postmortem/crash_dump.h>
#include <postmortem/problem.h>

namespace postmortem {

struct ExtractOptions {
    OpenOptions open;
    int compression_level = 6;  ///< of zstd, 1 to 22
    /// Told before each step ("tasks", "backtraces", "writing", …); may be empty.
    std::function<void(std::string_view step)> progress = {};
};

struct ExtractSummary {
    std::uint64_t pages = 0;         ///< written
    std::uint64_t bytes = 0;         ///< the size of the new file
    std::uint64_t source_bytes = 0;  ///< the size of the old one
    Problems problems;  ///< what the questions could not have from the source: the new dump lacks it too
};

/// Asks `source` for its log, tasks, backtraces, run queues, report, memory, modules and symbols, the files,
/// sockets, signals and areas of its tasks, its devices, interrupts, timers and mounts, notes which pages
/// that reads, and writes them to `target` as a kdump-compressed dump (zstd), readable by its owner only.
/// These questions have the same answers there. `target` appears when it is whole. Errors: those of
/// CrashDump::open(), and Io.
POSTMORTEM_API Result<ExtractSummary> extract(const std::filesystem::path& source,
                                              const std::filesystem::path& target,
                                              const ExtractOptions& options = {});

}  // namespace postmortem
