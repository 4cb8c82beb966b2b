#include "dump/open/folder.h"

#include <algorithm>
#include <array>
#include <span>
#include <system_error>

#include <elf.h>
#include <fmt/format.h>

#include "base/mapped_file.h"
#include "dump/container/archive.h"
#include "dump/container/compressed.h"
#include "dump/open/open_source.h"
#include "dump/open/other_parts.h"
#include "dump/open/split_dump.h"
#include "dump/open/unknown_file.h"

namespace postmortem {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t plain_head_size = 8192, inner_head_size = 256 * 1024;
// Blocks give nothing before they are whole: 900 kB of bzip2, 4 MiB of lz4, 8 MiB of its legacy form.
constexpr std::uint64_t packed_head_size = 9 << 20;
// Of all files together, in search of the dump.
constexpr std::uint64_t max_looked_at = 2ull << 30;
constexpr std::size_t max_kernels = 8;

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

std::error_code look_in(const fs::path& directory, EntryList& files, std::vector<fs::path>& folders) {
    std::error_code error, ignored;
    fs::directory_iterator entry(directory, fs::directory_options::skip_permission_denied, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
        if (entry->is_directory(ignored)) folders.push_back(entry->path());
        if (entry->is_regular_file(ignored) && files.wants(entry->path().string(), entry->file_size(ignored)))
            files.add(entry_of(*entry));
    }
    return error;
}

// What is in a compressed file, as far as one of the sizes goes.
std::vector<std::byte> unpacked_head(const ByteSource& file, std::uint64_t size, std::uint64_t& looked_at) {
    std::vector<std::byte> head;
    for (const std::uint64_t packed_size : {inner_head_size, packed_head_size}) {
        const std::vector<std::byte> packed = head_of(file, packed_size);
        head = decoded_head(packed, size);
        looked_at += packed.size() + head.size();
        if (head.size() >= plain_head_size || packed.size() < packed_size) break;
    }
    return head;
}

FileKind kind_of(const ByteSource& file, std::uint64_t& looked_at) {
    std::vector<std::byte> head = head_of(file, plain_head_size);
    looked_at += head.size();
    if (looks_like_compressed(head)) head = unpacked_head(file, plain_head_size, looked_at);
    if (looks_like_compressed(head))
        head = decoded_head(unpacked_head(file, inner_head_size, looked_at), plain_head_size);
    if (looks_like_dump(head)) return FileKind::Dump;
    return looks_like_tar(head) || looks_like_zip(head) ? FileKind::Archive : FileKind::Other;
}

struct Search {
    std::vector<FolderEntry> dumps, archives, kernels;
    std::string miss;

    /// What has a dump's name comes first: there is an end to what is looked at.
    void look_at_all(std::vector<FolderEntry> entries) {
        std::stable_partition(entries.begin(), entries.end(), [](const FolderEntry& entry) {
            return has_name_of_dump(entry.name) || has_name_of_kernel(entry.name);
        });
        for (const FolderEntry& entry : entries) {
            if (looked_at_ > max_looked_at)
                ++passed_over_;
            else
                look_at(entry);
        }
    }

    std::optional<Error> passed_over(const std::string& place) const {
        if (passed_over_ == 0) return std::nullopt;
        return Error{ErrorCode::NotFound,
                     fmt::format("{} files of {} were not looked at: those before them took as much "
                                 "unpacking as is done in search of a dump; give the vmcore itself if it is "
                                 "among them",
                                 passed_over_, place)};
    }

  private:
    void look_at(const FolderEntry& entry) {
        const auto file = entry.look ? entry.look() : entry.open();
        if (!file) {
            if (miss.empty() && has_name_of_dump(entry.name)) miss = "; " + file.error().message;
            return;
        }
        switch (kind_of(**file, looked_at_)) {
            case FileKind::Dump: dumps.push_back(entry); break;
            case FileKind::Archive: archives.push_back(entry); break;
            case FileKind::Other:
                if (has_name_of_kernel(entry.name) && is_vmlinux(**file)) kernels.push_back(entry);
                if (miss.empty() && has_name_of_dump(entry.name))
                    miss = fmt::format("; {}: {}", fs::path(entry.name).filename().string(),
                                       why_no_dump(**file));
        }
    }

    std::uint64_t looked_at_ = 0, passed_over_ = 0;
};

void sort_newest_first(std::vector<FolderEntry>& entries) {
    // An archive may hold two files of one name; unpacking leaves the later one.
    std::reverse(entries.begin(), entries.end());
    std::stable_sort(entries.begin(), entries.end(), [](const FolderEntry& a, const FolderEntry& b) {
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
        fmt::format_to(std::back_inserter(names), "{}{}", i == 0 ? "" : ", ",
                       others[i].name == taken ? "another of that name" : shown(others[i].name));
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

// Those in front of it are struck off the list, and why is told; nothing where there is none.
std::unique_ptr<DumpFile> take_first_usable(std::vector<FolderEntry>& dumps, std::vector<Error>& unusable,
                                            const OpenContext& context) {
    for (; !dumps.empty(); dumps.erase(dumps.begin())) {
        auto file = dumps.front().open();
        auto dump = file ? open_part(std::move(*file), context) : fail(file.error());
        if (dump) return std::move(*dump);
        unusable.emplace_back(dump.error().code,
                              fmt::format("{}: {}", dumps.front().name, dump.error().message));
    }
    return nullptr;
}

// `dumps` are not empty. `place` is what people call the directory or archive.
Result<std::unique_ptr<DumpFile>> open_newest(std::vector<FolderEntry> dumps, const std::string& place,
                                              const OpenContext& context) {
    sort_newest_first(dumps);
    const std::size_t all = dumps.size();
    std::vector<Error> unusable;
    auto dump = take_first_usable(dumps, unusable, context);
    if (!dump) return fail(unusable.front());
    const std::string newest = dumps.front().name;
    std::unique_ptr<DumpFile> whole;
    if (dump->info().part) {
        std::vector<std::unique_ptr<DumpFile>> parts;
        parts.push_back(std::move(dump));
        whole = with_other_parts(std::move(parts), newest, dumps, context, !unusable.empty());
        strike_parts_of(*whole, dumps, context);
    } else {
        dumps.erase(dumps.begin());
        whole = std::move(dump);
    }
    for (Error& problem : unusable) whole->add_problem(std::move(problem));
    if (!dumps.empty()) whole->add_problem(others_problem(place, newest, dumps, all));
    return whole;
}

using Problems = std::span<const std::optional<Error>>;

std::string sentences(Problems problems) {
    std::string text;
    for (const auto& problem : problems)
        if (problem) text += "; " + problem->message;
    return text;
}

void tell(DumpFile& dump, Problems problems) {
    for (const auto& problem : problems)
        if (problem) dump.add_problem(*problem);
}

// They are unpacked when somebody asks for one.
std::optional<Error> attach_kernels(DumpFile& dump, const std::vector<FolderEntry>& kernels,
                                    const fs::path& archive, const OpenContext& context) {
    for (std::size_t i = 0; i < std::min(kernels.size(), max_kernels); ++i)
        dump.attach(
            {kernels[i].name, archive.string() + ":" + kernels[i].name, kernels[i].open, context.space});
    if (kernels.size() <= max_kernels) return std::nullopt;
    return Error{ErrorCode::NotFound,
                 fmt::format("the archive holds {} kernels, of which the first {} are looked at; --vmlinux "
                             "names another",
                             kernels.size(), max_kernels)};
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
    std::uint64_t looked_at = 0;
    return kind_of(file, looked_at);
}

std::string why_no_dump(const ByteSource& file) {
    const auto head = head_of(file, plain_head_size);
    const auto format = stream_format(head);
    return format ? fmt::format("not a crash dump: what is {}-compressed in it is none, or damaged",
                                to_string(*format))
                  : describe_unknown_file(head, file.size());
}

fs::path folder_of(const fs::path& dump) {
    std::error_code unknown;
    if (fs::is_directory(dump, unknown)) return dump;
    return dump.has_parent_path() ? dump.parent_path() : fs::path(".");
}

Result<std::vector<FolderEntry>> list_directory(const fs::path& directory) {
    EntryList files;
    std::vector<fs::path> folders;
    if (const auto error = look_in(directory, files, folders))
        return fail(ErrorCode::Io, fmt::format("{}: {}", directory.string(), error.message()));
    return files.take();
}

Result<std::unique_ptr<DumpFile>> open_directory(const fs::path& directory, const OpenContext& context) {
    EntryList files, below;
    std::vector<fs::path> folders, deeper;
    if (const auto error = look_in(directory, files, folders))
        return fail(ErrorCode::Io, fmt::format("{}: {}", directory.string(), error.message()));
    Search search;
    search.look_at_all(files.take());
    if (search.dumps.empty()) {
        for (const fs::path& folder : folders) look_in(folder, below, deeper);
        search.look_at_all(below.take());
    }
    std::string place = directory.string();
    while (place.size() > 1 && place.back() == '/') place.pop_back();
    const std::array unseen = {files.left_out(place), below.left_out(place), search.passed_over(place)};
    if (search.dumps.empty() && search.archives.empty())
        return fail(ErrorCode::NotFound,
                    fmt::format("{}: no crash dump in this directory or right below it{}{}",
                                directory.string(), search.miss, sentences(unseen)));
    auto dump = open_newest(search.dumps.empty() ? std::move(search.archives) : std::move(search.dumps),
                            place, context);
    if (dump) tell(**dump, unseen);
    return dump;
}

Result<std::unique_ptr<DumpFile>> open_archive(std::unique_ptr<ByteSource> source,
                                               const OpenContext& context) {
    const std::shared_ptr<const ByteSource> archive = std::move(source);
    const bool is_zip = looks_like_zip(head_of(*archive, plain_head_size));
    ArchiveList list = is_zip ? list_zip(archive, context) : list_tar(archive);
    const std::string place = archive->origin().file.string();
    Search search;
    search.look_at_all(std::move(list.members));
    std::vector<std::optional<Error>> problems(list.problems.begin(), list.problems.end());
    problems.push_back(search.passed_over("the archive"));
    if (search.dumps.empty() && search.archives.empty())
        return fail(ErrorCode::Unsupported,
                    fmt::format("no crash dump among the {} files of the {} archive{}{}", list.files,
                                is_zip ? "zip" : "tar", search.miss, sentences(problems)));
    auto dump = open_newest(search.dumps.empty() ? std::move(search.archives) : std::move(search.dumps),
                            place, context);
    if (!dump) return dump;
    problems.push_back(attach_kernels(**dump, search.kernels, place, context));
    tell(**dump, problems);
    return dump;
}

}  // namespace postmortem
