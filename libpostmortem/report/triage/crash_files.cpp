#include "report/triage/crash_files.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "dump/dump_file.h"
#include "dump/open/folder.h"

namespace postmortem {
namespace {

namespace fs = std::filesystem;

constexpr int max_depth = 32;

void search_folder(const fs::path& folder, std::vector<CrashFile>& found, Problems& problems) {
    std::error_code error;
    auto at = fs::recursive_directory_iterator(folder, error);
    for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
        std::error_code ignored;
        const bool hidden = at->path().filename().string().starts_with('.');
        if (at->is_directory(ignored) && (hidden || at.depth() >= max_depth)) at.disable_recursion_pending();
        if (hidden || !at->is_regular_file(ignored) || looks_like_vmlinux_file(at->path())) continue;
        found.push_back({at->path(), is_dump_file(at->path())});
    }
    if (error) problems.emplace_back(ErrorCode::Io, fmt::format("{}: {}", folder.string(), error.message()));
}

void drop_logs_of_dumps(std::vector<CrashFile>& files) {
    std::set<fs::path> with_dump;
    for (const CrashFile& file : files)
        if (file.is_dump) with_dump.insert(file.path.parent_path());
    std::erase_if(files, [&](const CrashFile& file) {
        return !file.is_dump && with_dump.contains(file.path.parent_path()) &&
               is_saved_log_name(file.path.filename().string());
    });
}

}  // namespace

bool is_dump_file(const fs::path& path) {
    return looks_like_dump_file(path);
}

bool is_saved_log_name(const std::string& name) {
    return name.starts_with("vmcore-dmesg") || name.starts_with("dmesg") || name.starts_with("kexec-dmesg");
}

std::vector<CrashFile> find_crash_files(std::span<const fs::path> paths, Problems& problems) {
    std::vector<CrashFile> named, found;
    for (const fs::path& path : paths) {
        std::error_code error;
        if (fs::is_directory(path, error))
            search_folder(path, found, problems);
        else
            named.push_back({path, is_dump_file(path)});
    }
    drop_logs_of_dumps(found);
    found.insert(found.end(), named.begin(), named.end());
    std::sort(found.begin(), found.end(),
              [](const CrashFile& a, const CrashFile& b) { return a.path < b.path; });
    return found;
}

}  // namespace postmortem
