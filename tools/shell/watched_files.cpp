#include "shell/watched_files.h"

namespace tool::shell {
namespace {

bool is_same(const struct stat& one, const struct stat& other) {
    return one.st_dev == other.st_dev && one.st_ino == other.st_ino && one.st_size == other.st_size &&
           one.st_mtim.tv_sec == other.st_mtim.tv_sec && one.st_mtim.tv_nsec == other.st_mtim.tv_nsec;
}

// Files of the proc file system say that they are empty.
bool stays(const struct stat& file) {
    return S_ISREG(file.st_mode) && file.st_size != 0;
}

}  // namespace

void WatchedFiles::add(const std::string& path) {
    struct stat now {};
    if (::stat(path.c_str(), &now) == 0 && stays(now)) as_added_.emplace(path, now);
}

std::vector<std::string> WatchedFiles::newly_changed() {
    std::vector<std::string> changed;
    for (const auto& [path, before] : as_added_) {
        struct stat now {};
        if (::stat(path.c_str(), &now) != 0 || !is_same(before, now)) changed.push_back(path);
    }
    for (const std::string& path : changed) as_added_.erase(path);
    any_changed_ = any_changed_ || !changed.empty();
    return changed;
}

}  // namespace tool::shell
