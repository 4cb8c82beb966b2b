// Files that are expected to stay as they are while they are read.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <sys/stat.h>

namespace tool::shell {

class WatchedFiles {
  public:
    /// As it is now. What is no ordinary file (a folder, a running kernel's memory) is not watched.
    void add(const std::string& path);

    /// Those that are no longer what they were: changed, replaced or gone. Each is told once.
    std::vector<std::string> newly_changed();
    bool any_changed() const { return any_changed_; }

  private:
    std::map<std::string, struct stat> as_added_;
    bool any_changed_ = false;
};

}  // namespace tool::shell
