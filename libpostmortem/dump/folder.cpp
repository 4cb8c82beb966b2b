#include "dump/folder.h"

#include <algorithm>
#include <system_error>

#include <elf.h>
#include <fmt/format.h>

#include "base/mapped_file.h"
#include "dump/container/archive.h"
#include "dump/container/compressed.h"
#include "dump/open_source.h"
#include "dump/split_dump.h"
#include "dump/unknown_file.h"

namespace postmortem {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t plain_head_size = 8192, inner_head_size = 256 * 1024;
// Blocks give nothing before they are whole: 900 kB of bzip2, 4 MiB of lz4, 8 MiB of its legacy form.
constexpr std::uint64_t packed_head_size = 9 << 20;
constexpr std::size_t max_entries = 100'000;

bool has_name_of_dump(const std::string& name) {
    const std::string file = fs::path(name).filename().string();
    return file.starts_with("vmcore") || file.starts_with("dump.");
}

std::vector<std::byte> head_of(const ByteSource& file, std::uint64_t size) {
    std::vector<std::byte> room(std::min(file.size(), size));
    const Bytes head = file.read_what_is_there(0, room.size(), room);
    return {head.begin(), head.end()};
}

FolderEntry entry_of(const fs::directory_entry& file) {
    std::error_code error;
    FolderEntry entry;
    entry.name = file.path().string();
    entry.folder = file.path().parent_path().string();
    entry.written = file.last_write_time(error).time_since_epoch().count();
    entry.open = [path = file.path()]() -> Result<std::unique_ptr<ByteSource>> {
        auto mapped = MappedFile::open(path);
        if (!mapped) return fail(mapped.error());
        return std::make_unique<MappedSource>(std::move(*mapped));
    };
    return entry;
}

std::error_code look_in(const fs::path& directory, std::vector<FolderEntry>& files,
                        std::vector<fs::path>& folders) {
    std::error_code error, ignored;
    fs::directory_iterator entry(directory, fs::directory_options::skip_permission_denied, error);
    for (std::size_t seen = 0; !error && entry != fs::directory_iterator() && seen < max_entries; ++seen) {
        if (entry->is_directory(ignored)) folders.push_back(entry->path());
        if (entry->is_regular_file(ignored)) files.push_back(entry_of(*entry));
        entry.increment(error);
    }
    return error;
}

// What is wrong with a file that has a dump's name.
std::string nearest_miss(const ByteSource& file, const std::string& name) {
    const auto head = head_of(file, plain_head_size);
    const auto format = stream_format(head);
    const std::string what =
        format ? fmt::format("not a crash dump: what is {}-compressed in it is none, or damaged",
                             to_string(*format))
               : describe_unknown_file(head, file.size());
    return fmt::format("; {}: {}", fs::path(name).filename().string(), what);
}

struct Search {
    std::vector<FolderEntry> dumps, archives;
    std::string miss;

    void look_at(FolderEntry& entry) {
        const auto file = entry.open();
        if (!file) {
            if (miss.empty() && has_name_of_dump(entry.name)) miss = "; " + file.error().message;
            return;
        }
        switch (kind_of(**file)) {
            case FileKind::Dump: dumps.push_back(entry); break;
            case FileKind::Archive: archives.push_back(entry); break;
            case FileKind::Other:
                if (miss.empty() && has_name_of_dump(entry.name)) miss = nearest_miss(**file, entry.name);
        }
    }
};

void sort_newest_first(std::vector<FolderEntry>& entries) {
    std::sort(entries.begin(), entries.end(), [](const FolderEntry& a, const FolderEntry& b) {
        return a.written != b.written ? a.written > b.written : a.name < b.name;
    });
}

Error others_problem(const std::string& place, const std::string& taken,
                     const std::vector<FolderEntry>& others, std::size_t all) {
    constexpr std::size_t named = 5;
    const auto shown = [&](const std::string& name) {
        return name.starts_with(place + "/") ? name.substr(place.size() + 1) : name;
    };
    std::string names;
    for (std::size_t i = 0; i < std::min(others.size(), named); ++i)
        fmt::format_to(std::back_inserter(names), "{}{}", i == 0 ? "" : ", ", shown(others[i].name));
    if (others.size() > named)
        fmt::format_to(std::back_inserter(names), " and {} more", others.size() - named);
    return {ErrorCode::NotFound, fmt::format("{} holds {} dumps; the newest, {}, was taken and not {}", place,
                                             all, shown(taken), names)};
}

// Parts that were not needed, being empty or of another set of the same dump, are not passed over either.
void strike_parts_of(const DumpFile& whole, std::vector<FolderEntry>& dumps, const OpenContext& context) {
    std::erase_if(dumps, [&](const FolderEntry& entry) {
        auto file = entry.open();
        if (!file) return false;
        const auto part = open_part(std::move(*file), context);
        return part && (*part)->info().part && are_of_one_dump(whole, **part);
    });
}

// `dumps` are not empty. `place` is what people call the directory or archive.
Result<std::unique_ptr<DumpFile>> open_newest(std::vector<FolderEntry> dumps, const std::string& place,
                                              const OpenContext& context) {
    sort_newest_first(dumps);
    const FolderEntry newest = dumps.front();
    const std::size_t all = dumps.size();
    auto file = newest.open();
    if (!file) return fail(file.error());
    auto dump = open_part(std::move(*file), context);
    if (!dump) return fail(dump.error().code, fmt::format("{}: {}", newest.name, dump.error().message));
    std::unique_ptr<DumpFile> whole;
    if ((*dump)->info().part) {
        std::vector<std::unique_ptr<DumpFile>> parts;
        parts.push_back(std::move(*dump));
        whole = with_other_parts(std::move(parts), newest.name, dumps, context);
        strike_parts_of(*whole, dumps, context);
    } else {
        dumps.erase(dumps.begin());
        whole = std::move(*dump);
    }
    if (!dumps.empty()) whole->add_problem(others_problem(place, newest.name, dumps, all));
    return whole;
}

std::size_t common_prefix(const std::string& a, const std::string& b) {
    return static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
}

// Whether the frames of a part are all there without it.
bool adds_nothing(const DumpFile& part, const std::vector<std::unique_ptr<DumpFile>>& parts) {
    const SplitPart range = part.info().part.value_or(SplitPart{});
    const auto missing = missing_parts(parts);
    return std::none_of(missing.begin(), missing.end(), [&](const SplitPart& gap) {
        return range.first_pfn < gap.end_pfn && gap.first_pfn < range.end_pfn;
    });
}

}  // namespace

bool is_vmlinux(const ByteSource& file) {
    const auto head = head_of(file, 64);
    if (!as_text(head).starts_with(ELFMAG)) return false;
    const Endian endian = ByteReader(head).u8(EI_DATA) == ELFDATA2MSB ? Endian::Big : Endian::Little;
    const auto type = ByteReader(head, endian).u16(16);
    return type == ET_EXEC || type == ET_DYN;
}

FileKind kind_of(const ByteSource& file) {
    std::vector<std::byte> head = head_of(file, plain_head_size);
    for (int layer = 0; layer < 2 && looks_like_compressed(head); ++layer)
        head = decoded_head(layer == 0 ? head_of(file, packed_head_size) : head,
                            layer == 0 ? inner_head_size : plain_head_size);
    head.resize(std::min<std::size_t>(head.size(), plain_head_size));
    if (looks_like_dump(head)) return FileKind::Dump;
    return looks_like_tar(head) || looks_like_zip(head) ? FileKind::Archive : FileKind::Other;
}

fs::path folder_of(const fs::path& dump) {
    std::error_code unknown;
    if (fs::is_directory(dump, unknown)) return dump;
    return dump.has_parent_path() ? dump.parent_path() : fs::path(".");
}

Result<std::vector<FolderEntry>> list_directory(const fs::path& directory) {
    std::vector<FolderEntry> files;
    std::vector<fs::path> folders;
    if (const auto error = look_in(directory, files, folders))
        return fail(ErrorCode::Io, fmt::format("{}: {}", directory.string(), error.message()));
    return files;
}

Result<std::unique_ptr<DumpFile>> open_directory(const fs::path& directory, const OpenContext& context) {
    std::vector<FolderEntry> files;
    std::vector<fs::path> folders, deeper;
    if (const auto error = look_in(directory, files, folders))
        return fail(ErrorCode::Io, fmt::format("{}: {}", directory.string(), error.message()));
    Search search;
    for (FolderEntry& file : files) search.look_at(file);
    if (search.dumps.empty()) {
        files.clear();
        for (const fs::path& folder : folders) look_in(folder, files, deeper);
        for (FolderEntry& file : files) search.look_at(file);
    }
    std::string place = directory.string();
    while (place.size() > 1 && place.back() == '/') place.pop_back();
    if (!search.dumps.empty()) return open_newest(std::move(search.dumps), place, context);
    if (!search.archives.empty()) return open_newest(std::move(search.archives), place, context);
    return fail(ErrorCode::NotFound, fmt::format("{}: no crash dump in this directory or right below it{}",
                                                 directory.string(), search.miss));
}

Result<std::unique_ptr<DumpFile>> open_archive(std::unique_ptr<ByteSource> source,
                                               const OpenContext& context) {
    const std::shared_ptr<const ByteSource> archive = std::move(source);
    std::vector<Error> problems;
    const bool is_zip = looks_like_zip(head_of(*archive, plain_head_size));
    auto members = is_zip ? list_zip(archive, context, problems) : list_tar(archive, problems);
    Search search;
    std::vector<Attachment> kernels;
    for (FolderEntry& member : members) {
        search.look_at(member);
        // Only a file that may be one is unpacked a second time.
        const bool may_be = fs::path(member.name).filename().string().starts_with("vmlinux");
        auto file = may_be ? member.open() : fail(ErrorCode::NotFound, "");
        if (file && is_vmlinux(**file)) kernels.push_back({member.name, std::move(*file)});
    }
    if (search.dumps.empty() && search.archives.empty()) {
        const std::string why = problems.empty() ? "" : "; " + problems.front().message;
        return fail(ErrorCode::Unsupported,
                    fmt::format("no crash dump among the {} files of the {} archive{}{}", members.size(),
                                is_zip ? "zip" : "tar", search.miss, why));
    }
    const std::string place = archive->origin().file.string();
    auto dump = open_newest(search.dumps.empty() ? std::move(search.archives) : std::move(search.dumps),
                            place, context);
    if (!dump) return dump;
    for (Error& problem : problems) (*dump)->add_problem(std::move(problem));
    for (Attachment& kernel : kernels) (*dump)->attach(std::move(kernel));
    return dump;
}

std::unique_ptr<DumpFile> with_other_parts(std::vector<std::unique_ptr<DumpFile>> parts,
                                           const std::string& own, std::vector<FolderEntry>& entries,
                                           const OpenContext& context) {
    const auto mine =
        std::find_if(entries.begin(), entries.end(), [&](const auto& e) { return e.name == own; });
    if (mine == entries.end()) return join_parts(std::move(parts));
    const std::string folder = mine->folder;
    entries.erase(mine);
    // Parts of one dump are named alike; another set of the same dump may lie beside it.
    std::vector<FolderEntry> candidates = entries;
    std::stable_sort(candidates.begin(), candidates.end(), [&](const FolderEntry& a, const FolderEntry& b) {
        return common_prefix(a.name, own) > common_prefix(b.name, own);
    });
    for (const FolderEntry& candidate : candidates) {
        if (missing_parts(parts).empty()) break;
        if (candidate.folder != folder) continue;
        auto file = candidate.open();
        if (!file || kind_of(**file) != FileKind::Dump) continue;
        auto part = open_part(std::move(*file), context);
        if (!part || !(*part)->info().part || !are_of_one_dump(*parts.front(), **part)) continue;
        std::erase_if(entries, [&](const FolderEntry& e) { return e.name == candidate.name; });
        if (!adds_nothing(**part, parts)) parts.push_back(std::move(*part));
    }
    return join_parts(std::move(parts));
}

}  // namespace postmortem
