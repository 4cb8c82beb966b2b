// Which files of a folder such as /var/crash are dumps, and which the logs that were saved with them.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <postmortem/problem.h>

namespace postmortem {

struct CrashFile {
    std::filesystem::path path;
    bool is_dump = false;
};

/// By its first bytes.
bool is_dump_file(const std::filesystem::path& path);

/// What kexec-tools, kdump-tools and makedumpfile --dump-dmesg call the log that they save beside a dump.
bool is_saved_log_name(const std::string& name);

/// The files, and the regular files in the folders and below them, by path; without hidden ones, and without
/// the saved logs in a folder that holds a dump. Folders that cannot be read become problems.
std::vector<CrashFile> find_crash_files(std::span<const std::filesystem::path> paths, Problems& problems);

}  // namespace postmortem
