#include "support/proc_truth.h"

#include <cstdio>

#include "base/text.h"

namespace postmortem::test {
namespace {

constexpr std::string_view file_mark = "=== ";

}  // namespace

std::optional<ProcTruth> ProcTruth::beside(const std::filesystem::path& dump) {
    const auto path = dump.parent_path() / "proc.txt";
    if (!std::filesystem::exists(path)) return std::nullopt;
    std::optional<ProcTruth> truth(std::in_place);
    truth->text_ = file_contents(path);
    const std::string_view all = truth->text_;
    std::string name;
    std::size_t start = 0;
    for (std::size_t at = 0; at < all.size();) {
        const std::size_t end = std::min(all.find('\n', at), all.size());
        const std::string_view line = all.substr(at, end - at);
        if (line.starts_with(file_mark)) {
            if (!name.empty()) truth->files_[name] = all.substr(start, at - start);
            name = line.substr(file_mark.size());
            start = std::min(end + 1, all.size());
        }
        at = end + 1;
    }
    return truth;
}

std::optional<std::string_view> ProcTruth::file(const std::string& path) const {
    const auto found = files_.find(path);
    if (found == files_.end()) return std::nullopt;
    return found->second;
}

std::vector<ProcTruth::Thread> ProcTruth::threads() const {
    std::vector<Thread> threads;
    for (const auto& [path, text] : files_) {
        Thread thread;
        int used = 0;
        if (std::sscanf(path.c_str(), "/proc/%d/task/%d/status%n", &thread.tgid, &thread.tid, &used) != 2)
            continue;
        if (static_cast<std::size_t>(used) != path.size()) continue;
        thread.folder = path.substr(0, path.rfind('/'));
        threads.push_back(std::move(thread));
    }
    return threads;
}

std::optional<std::string> ProcTruth::field(std::string_view text, std::string_view key) {
    for (const std::string_view line : split(text, '\n')) {
        if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == ':')
            return std::string(trimmed(line.substr(key.size() + 1)));
    }
    return std::nullopt;
}

}  // namespace postmortem::test
