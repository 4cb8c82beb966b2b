#include "types/find_type_file.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include <fmt/format.h>

#include "base/mapped_file.h"
#include "base/text.h"
#include "dump/output_file.h"

namespace postmortem {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view extension = ".types";
constexpr std::size_t most_files_in_folder = 100'000;
constexpr std::uint64_t largest_file = 16u << 20;

std::string plain(std::string_view text, std::size_t longest) {
    std::string kept(text.substr(0, longest));
    std::replace_if(
        kept.begin(), kept.end(),
        [](unsigned char c) {
            return std::isalnum(c) == 0 && !contains("._+~", std::string(1, static_cast<char>(c)));
        },
        '-');
    if (kept.starts_with('.')) kept[0] = '-';
    return kept;
}

std::string short_id(const KernelBuild& build) {
    constexpr std::size_t digits = 12;
    return plain(build.build_id, digits);
}

bool may_be_of(const std::string& name, const KernelBuild& build) {
    if (!name.ends_with(extension)) return false;
    const std::string id = short_id(build), release = plain(build.release, 128);
    return (!id.empty() && contains(name, id)) || (!release.empty() && name.starts_with(release));
}

/// The files of a folder that may be the one, in the order of their names.
std::vector<fs::path> candidates(const fs::path& folder, const KernelBuild& build) {
    std::vector<fs::path> found;
    std::error_code error;
    std::size_t seen = 0;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
        if (++seen > most_files_in_folder) break;
        if (may_be_of(at->path().filename().string(), build)) found.push_back(at->path());
    }
    std::sort(found.begin(), found.end());
    return found;
}

class Search {
  public:
    explicit Search(const TypeFileQuery& query) : query_(query) {}

    // True where the search is over.
    bool look_in(const fs::path& folder) {
        if (folder.empty()) return false;
        looked_in_.push_back(folder.string());
        for (const fs::path& path : candidates(folder, query_.build)) {
            auto file = read_type_file(path, query_.build);
            if (!file) {
                passed_over_.push_back(std::move(file.error().message));
                continue;
            }
            const bool whole = names_lacking(*file) == 0;
            if (whole || !best_) best_ = FoundTypeFile{std::move(*file), path};
            if (whole) return true;
        }
        return false;
    }

    Result<FoundTypeFile> finish() {
        if (best_) return std::move(*best_);
        if (!passed_over_.empty())
            return fail(ErrorCode::InvalidArgument, fmt::format("{}", fmt::join(passed_over_, "; ")));
        return fail(ErrorCode::NotFound, fmt::format("no type file of kernel {} in {}", query_.build.release,
                                                     fmt::join(looked_in_, ", ")));
    }

  private:
    const TypeFileQuery& query_;
    std::optional<FoundTypeFile> best_;
    std::vector<std::string> looked_in_;
    std::vector<std::string> passed_over_;
};

}  // namespace

std::string type_file_name(const KernelBuild& build) {
    std::string name = plain(build.release, 128);
    const std::string id = short_id(build);
    if (!name.empty() && !id.empty()) name += '-';
    name += id;
    return (name.empty() ? std::string("kernel") : name).append(extension);
}

std::optional<fs::path> type_cache() {
    for (const auto& [variable, below] : {std::pair("XDG_CACHE_HOME", ""), {"HOME", ".cache"}})
        if (const char* folder = std::getenv(variable); folder != nullptr && *folder == '/')
            return fs::path(folder) / below / "postmortem" / "types";
    return std::nullopt;
}

Result<TypeFile> read_type_file(const fs::path& path, const KernelBuild& build) {
    const auto mapped = MappedFile::open(path);
    if (!mapped) return fail(mapped.error());
    if (mapped->bytes().size() > largest_file)
        return fail(ErrorCode::Unsupported, fmt::format("{}: too large for a type file", path.string()));
    auto file = unpack_type_file(mapped->bytes(), path.string());
    if (!file) return file;
    if (auto differs = how_it_differs(path.string(), file->build, build))
        return fail(ErrorCode::InvalidArgument, std::move(*differs));
    return file;
}

Result<FoundTypeFile> find_type_file(const TypeFileQuery& query) {
    std::error_code unknown;
    if (!query.given.empty() && !fs::is_directory(query.given, unknown)) {
        auto file = read_type_file(query.given, query.build);
        if (!file) return fail(std::move(file.error()));
        return FoundTypeFile{std::move(*file), query.given};
    }
    Search search(query);
    std::vector<fs::path> folders{query.given, query.beside};
    if (query.use_cache) folders.push_back(type_cache().value_or(fs::path()));
    folders.push_back(query.root / "usr/share/postmortem/types");
    for (const fs::path& folder : folders)
        if (search.look_in(folder)) break;
    return search.finish();
}

Result<void> write_type_file(const fs::path& path, const TypeFile& file) {
    auto output = OutputFile::create(path);
    if (!output) return fail(std::move(output.error()));
    output->write_at(0, pack(file));
    if (auto done = output->commit(); !done) return done;
    std::error_code ignored;
    fs::permissions(path, fs::perms::group_read | fs::perms::others_read, fs::perm_options::add, ignored);
    return {};
}

}  // namespace postmortem
