#include "dump/find_dump.h"

#include <algorithm>
#include <system_error>

#include <fmt/format.h>

#include "base/mapped_file.h"
#include "dump/unknown_file.h"

namespace postmortem {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t head_size = 4096;
constexpr std::size_t max_entries = 100'000;

struct Candidate {
    fs::path file;
    fs::file_time_type written;
};

struct Search {
    bool (*is_dump)(Bytes head);
    std::vector<Candidate> dumps = {};
    std::vector<fs::path> directories = {};
    std::string nearest_miss = {};  // what is wrong with a file that has a dump's name
};

bool has_name_of_dump(const fs::path& file) {
    const std::string name = file.filename().string();
    return name.starts_with("vmcore") || name.starts_with("dump.");
}

void look_at(const fs::directory_entry& entry, Search& search) {
    std::error_code error;
    if (entry.is_directory(error)) {
        search.directories.push_back(entry.path());
        return;
    }
    if (!entry.is_regular_file(error)) return;
    const auto file = MappedFile::open(entry.path());
    const Bytes head = file ? file->bytes().first(std::min(file->bytes().size(), head_size)) : Bytes{};
    if (file && search.is_dump(head)) {
        search.dumps.push_back({entry.path(), entry.last_write_time(error)});
    } else if (search.nearest_miss.empty() && has_name_of_dump(entry.path())) {
        search.nearest_miss = file ? fmt::format("{}: {}", entry.path().filename().string(),
                                                 describe_unknown_file(head, file->bytes().size()))
                                   : file.error().message;
    }
}

std::error_code look_in(const fs::path& directory, Search& search) {
    std::error_code error;
    fs::directory_iterator entry(directory, fs::directory_options::skip_permission_denied, error);
    for (std::size_t seen = 0; !error && entry != fs::directory_iterator() && seen < max_entries; ++seen) {
        look_at(*entry, search);
        entry.increment(error);
    }
    return error;
}

FoundDump newest(std::vector<Candidate> dumps, const fs::path& directory) {
    std::sort(dumps.begin(), dumps.end(), [](const Candidate& a, const Candidate& b) {
        return a.written != b.written ? a.written > b.written : a.file < b.file;
    });
    FoundDump found{dumps.front().file, {}};
    if (dumps.size() == 1) return found;
    std::string others;
    constexpr std::size_t named = 5;
    for (std::size_t i = 1; i < std::min(dumps.size(), 1 + named); ++i) {
        fmt::format_to(std::back_inserter(others), "{}{}", i == 1 ? "" : ", ",
                       fs::relative(dumps[i].file, directory).string());
    }
    if (dumps.size() > 1 + named)
        fmt::format_to(std::back_inserter(others), " and {} more", dumps.size() - 1 - named);
    found.remarks.emplace_back(
        ErrorCode::NotFound,
        fmt::format("{} holds {} dumps; the newest, {}, was taken and not {}", directory.string(),
                    dumps.size(), fs::relative(found.file, directory).string(), others));
    return found;
}

}  // namespace

Result<FoundDump> find_dump(const fs::path& directory, bool (*is_dump)(Bytes head)) {
    Search search{is_dump};
    if (const auto error = look_in(directory, search)) {
        return fail(ErrorCode::Io, fmt::format("{}: {}", directory.string(), error.message()));
    }
    if (search.dumps.empty()) {
        const std::vector<fs::path> below = std::move(search.directories);
        for (const fs::path& sub : below) look_in(sub, search);
    }
    if (search.dumps.empty()) {
        return fail(
            ErrorCode::NotFound,
            fmt::format("{}: no crash dump in this directory or right below it{}{}", directory.string(),
                        search.nearest_miss.empty() ? "" : "; ", search.nearest_miss));
    }
    return newest(std::move(search.dumps), directory);
}

}  // namespace postmortem
