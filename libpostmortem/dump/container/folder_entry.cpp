#include "dump/container/folder_entry.h"

#include <filesystem>

#include <fmt/format.h>

namespace postmortem {
namespace {

constexpr std::size_t max_entries = 100'000, max_named = 1000;

std::string file_name(const std::string& name) {
    return std::filesystem::path(name).filename().string();
}

}  // namespace

bool has_name_of_dump(const std::string& name) {
    const std::string file = file_name(name);
    return file.starts_with("vmcore") || file.starts_with("dump.");
}

bool has_name_of_kernel(const std::string& name) {
    return file_name(name).starts_with("vmlinux");
}

bool EntryList::wants(const std::string& name, std::uint64_t size) {
    ++seen_;
    const bool is_named = has_name_of_dump(name) || has_name_of_kernel(name);
    if (size == 0 && !is_named) return false;
    if (taken_ < max_entries) {
        ++taken_;
        return true;
    }
    if (is_named && named_ < max_named) {
        ++named_;
        return true;
    }
    ++left_out_;
    return false;
}

std::optional<Error> EntryList::left_out(const std::string& place) const {
    if (left_out_ == 0) return std::nullopt;
    return Error{ErrorCode::NotFound,
                 fmt::format("{} holds {} files; {} of those behind the first {}, which are not named as a "
                             "dump is, were not looked at; give the vmcore itself if it is among them",
                             place, seen_, left_out_, max_entries)};
}

}  // namespace postmortem
