// What /proc said in the guest just before it crashed: the proc.txt that testdata/lab/crash-guest leaves
// beside a dump.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/files.h"

namespace postmortem::test {

class ProcTruth {
  public:
    /// Nothing where there is no proc.txt beside the dump.
    static std::optional<ProcTruth> beside(const std::filesystem::path& dump);

    /// The text of one file, e.g. "/proc/meminfo"; nothing where the guest could not read it.
    std::optional<std::string_view> file(const std::string& path) const;

    struct Thread {
        int tgid = 0, tid = 0;
        std::string folder;  ///< "/proc/TGID/task/TID"
    };
    /// Every thread whose status was written down.
    std::vector<Thread> threads() const;

    /// "key:\tvalue" of a status or meminfo file, blanks trimmed.
    static std::optional<std::string> field(std::string_view text, std::string_view key);

  private:
    std::string text_;
    std::map<std::string, std::string_view> files_;
};

}  // namespace postmortem::test
