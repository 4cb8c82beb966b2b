// Which format is it? Two tables of probes over the first bytes of a file; a new format adds a line and a
// file.
#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>

#include <fmt/format.h>
#include <unistd.h>

#include "base/mapped_file.h"
#include "base/text.h"
#include "dump/byte_source.h"
#include "dump/container/archive.h"
#include "dump/container/compressed.h"
#include "dump/dump_file.h"
#include "dump/elf/elf_core.h"
#include "dump/format/flattened.h"
#include "dump/format/lime.h"
#include "dump/format/lkcd.h"
#include "dump/format/s390_dump.h"
#include "dump/format/sadump.h"
#include "dump/hypervisor/qemu_save.h"
#include "dump/hypervisor/vmware_state.h"
#include "dump/hypervisor/xen_core.h"
#include "dump/kdump/kdump.h"
#include "dump/live_source.h"
#include "dump/open/folder.h"
#include "dump/open/open_source.h"
#include "dump/open/other_parts.h"
#include "dump/open/split_dump.h"
#include "dump/open/unknown_file.h"

namespace postmortem {
namespace {

namespace fs = std::filesystem;

// What a dump may be wrapped in: the inner bytes are then looked at in turn.
struct Wrapping {
    bool (*recognises)(Bytes head);
    Result<std::unique_ptr<ByteSource>> (*open)(std::unique_ptr<ByteSource> outer,
                                                const OpenContext& context);
};

struct Format {
    bool (*recognises)(Bytes head);
    Result<std::unique_ptr<DumpFile>> (*open)(std::unique_ptr<ByteSource> source);
};

Result<std::unique_ptr<ByteSource>> open_flattened_within(std::unique_ptr<ByteSource> outer,
                                                          const OpenContext&) {
    return open_flattened(std::move(outer));
}

Result<std::unique_ptr<ByteSource>> open_libvirt_save_within(std::unique_ptr<ByteSource> outer,
                                                             const OpenContext&) {
    return open_libvirt_save(std::move(outer));
}

constexpr std::array wrappings = {
    Wrapping{looks_like_flattened, open_flattened_within},
    Wrapping{looks_like_compressed, open_compressed},
    Wrapping{looks_like_libvirt_save, open_libvirt_save_within},
};

constexpr std::array formats = {
    Format{looks_like_kdump, open_kdump},         Format{looks_like_xen_core, open_xen_core},
    Format{looks_like_elf_core, open_elf_core},   Format{looks_like_lime, open_lime},
    Format{looks_like_qemu_save, open_qemu_save}, Format{looks_like_lkcd, open_lkcd},
    Format{looks_like_s390_dump, open_s390_dump}, Format{looks_like_vmware_state, open_vmware_state},
    Format{looks_like_sadump, open_sadump},
};

constexpr std::uint64_t head_size = 8192;
constexpr int max_wrappings = 6;

std::string advice_on_opening(const fs::path& path) {
    if (::access(path.c_str(), R_OK) == 0 || errno != EACCES) return {};
    return "; crash dumps are often readable by root only: run as root or copy it";
}

Result<std::unique_ptr<ByteSource>> open_file(const fs::path& path) {
    auto file = MappedFile::open(path);
    if (file) return std::make_unique<MappedSource>(std::move(*file));
    if (auto live = open_live_file(path)) return live;  // it cannot be mapped
    if (path == "-")
        return fail(ErrorCode::Io,
                    "-: a dump is not read from standard input; write it into a file first, and name that");
    return fail(file.error().code, file.error().message + advice_on_opening(path));
}

Result<std::unique_ptr<DumpFile>> open_part_file(const fs::path& path, const OpenContext& context) {
    auto file = open_file(path);
    if (!file) return fail(file.error());
    auto dump = open_part(std::move(*file), context);
    if (!dump) return fail(dump.error().code, fmt::format("{}: {}", path.string(), dump.error().message));
    return dump;
}

// The disks that were named, and those that lie beside the first.
Result<std::unique_ptr<DumpFile>> open_disks(const fs::path& path, const OpenContext& context) {
    std::vector<fs::path> paths{path};
    paths.insert(paths.end(), context.options.more_files.begin(), context.options.more_files.end());
    if (const auto beside = list_directory(folder_of(path)))
        for (const FolderEntry& entry : *beside) paths.push_back(entry.name);
    std::vector<std::unique_ptr<ByteSource>> disks;
    for (const fs::path& disk : paths) {
        auto file = open_file(disk);
        if (file && is_sadump_disk(**file)) disks.push_back(std::move(*file));
    }
    auto dump = open_sadump_disks(std::move(disks));
    if (!dump) return fail(dump.error().code, fmt::format("{}: {}", path.string(), dump.error().message));
    return dump;
}

using Parts = std::vector<std::unique_ptr<DumpFile>>;

/// The dumps among the files that were named, and why the others are none.
struct NamedDumps {
    Parts dumps;
    std::vector<Error> unusable;
    std::vector<fs::path> tried;
};

NamedDumps open_named(const fs::path& path, const OpenContext& context) {
    NamedDumps named;
    std::vector<fs::path> paths{path};
    paths.insert(paths.end(), context.options.more_files.begin(), context.options.more_files.end());
    for (const fs::path& each : paths) {
        std::error_code error;
        if (std::any_of(named.tried.begin(), named.tried.end(),
                        [&](const fs::path& other) { return fs::equivalent(each, other, error); }))
            continue;
        named.tried.push_back(each);
        auto dump = open_part_file(each, context);
        if (dump)
            named.dumps.push_back(std::move(*dump));
        else
            named.unusable.push_back(std::move(dump.error()));
    }
    return named;
}

bool are_parts_of_one_dump(const DumpFile& a, const DumpFile& b) {
    return a.info().part && b.info().part && are_of_one_dump(a, b);
}

// Whom most agree with. What a damaged part says of the dump may be another thing.
const DumpFile& spokesman_of(const Parts& dumps) {
    const auto supporters = [&](const std::unique_ptr<DumpFile>& one) {
        return std::count_if(dumps.begin(), dumps.end(),
                             [&](const auto& other) { return are_parts_of_one_dump(*one, *other); });
    };
    return **std::max_element(dumps.begin(), dumps.end(),
                              [&](const auto& a, const auto& b) { return supporters(a) < supporters(b); });
}

// Of several files: those that are parts of one dump, the others being told as unusable.
Result<void> keep_one_set(NamedDumps& named) {
    const DumpFile& spokesman = spokesman_of(named.dumps);
    const auto others = std::stable_partition(named.dumps.begin(), named.dumps.end(), [&](const auto& dump) {
        return dump.get() == &spokesman || are_parts_of_one_dump(*dump, spokesman);
    });
    const auto strangers = static_cast<std::size_t>(named.dumps.end() - others);
    if (strangers > 0 && strangers * 2 >= named.dumps.size())
        return fail(ErrorCode::InvalidArgument,
                    fmt::format("{} and {} are not parts of one split dump", spokesman.info().file.string(),
                                (*others)->info().file.string()));
    for (auto stranger = others; stranger != named.dumps.end(); ++stranger)
        named.unusable.emplace_back(ErrorCode::Corrupt,
                                    fmt::format("{}: left out: its headers are not those of the other parts",
                                                (*stranger)->info().file.string()));
    named.dumps.erase(others, named.dumps.end());
    if (!spokesman.info().part && !named.unusable.empty()) return fail(named.unusable.front());
    return {};
}

// But for others that were named, of which all is known.
std::vector<FolderEntry> files_beside(const fs::path& own, const std::vector<fs::path>& named) {
    const fs::path folder = folder_of(own);
    auto beside = list_directory(folder);
    if (!beside) return {};
    std::vector<std::string> others;
    for (const fs::path& file : named)
        if (file != own && folder_of(file) == folder) others.push_back((folder / file.filename()).string());
    std::sort(others.begin(), others.end());
    std::erase_if(*beside, [&](const FolderEntry& entry) {
        return std::binary_search(others.begin(), others.end(), entry.name);
    });
    return std::move(*beside);
}

// The parts that were named, and those that lie beside the first.
Result<std::unique_ptr<DumpFile>> open_files(const fs::path& path, const OpenContext& context) {
    if (const auto file = open_file(path); file && is_sadump_disk(**file)) return open_disks(path, context);
    NamedDumps named = open_named(path, context);
    if (named.dumps.empty()) return fail(named.unusable.front());
    if (auto kept = keep_one_set(named); !kept) return fail(std::move(kept.error()));
    std::unique_ptr<DumpFile> dump;
    if (named.dumps.front()->info().part) {
        const fs::path own = named.dumps.front()->info().file;
        auto beside = files_beside(own, named.tried);
        dump = with_other_parts(std::move(named.dumps), (folder_of(own) / own.filename()).string(), beside,
                                context, !named.unusable.empty());
    } else {
        dump = std::move(named.dumps.front());
    }
    for (Error& problem : named.unusable) dump->add_problem(std::move(problem));
    return dump;
}

// Where there is no address space to map it, so that opening it tells of that.
bool begins_like_dump(const fs::path& path) {
    std::error_code unknown;
    std::vector<std::byte> head(fs::is_regular_file(path, unknown) ? head_size : 0);
    std::ifstream file(path, std::ios::binary);
    file.read(reinterpret_cast<char*>(head.data()), static_cast<std::streamsize>(head.size()));
    head.erase(head.begin() + file.gcount(), head.end());
    if (looks_like_compressed(head)) head = decoded_head(head, head_size);
    return looks_like_dump(head) || looks_like_tar(head) || looks_like_zip(head);
}

struct ImagePlace {
    fs::path file;
    std::uint64_t paddr = 0;
};

// FILE@ADDRESS[,FILE@ADDRESS…]; nothing where it is none, or a file has that name.
std::vector<ImagePlace> image_places(const fs::path& path) {
    std::error_code error;
    std::vector<ImagePlace> places;
    const std::string text = path.string();
    if (fs::exists(path, error)) return places;
    for (const std::string_view part : split(text, ',')) {
        const std::size_t at = part.rfind('@');
        const auto paddr = at == part.npos ? std::nullopt : parse_u64(part.substr(at + 1), 0);
        if (!paddr || at == 0) return {};
        places.push_back({std::string(part.substr(0, at)), *paddr});
    }
    return places;
}

Result<std::unique_ptr<DumpFile>> open_images(const std::vector<ImagePlace>& places,
                                              const OpenContext& context) {
    std::vector<PlainImage> images;
    for (const ImagePlace& place : places) {
        auto file = open_file(place.file);
        if (!file) return fail(file.error());
        std::array<std::byte, 64> head;
        if ((*file)->skim(0,
                          MutableBytes(head).first(std::min<std::uint64_t>((*file)->size(), head.size()))) &&
            looks_like_compressed(head)) {
            file = open_compressed(std::move(*file), context);
            if (!file) return fail(file.error());
        }
        images.push_back({std::move(*file), place.paddr});
    }
    return join_plain_images(std::move(images));
}

}  // namespace

Result<std::unique_ptr<DumpFile>> open_part(std::unique_ptr<ByteSource> source, const OpenContext& context) {
    std::array<std::byte, head_size> scratch;
    const Bytes head = source->read_what_is_there(0, head_size, scratch);
    for (const Format& format : formats) {
        if (format.recognises(head)) return format.open(std::move(source));
    }
    if (context.depth < max_wrappings) {
        if (looks_like_tar(head) || looks_like_zip(head))
            return open_archive(std::move(source), context.within());
        for (const Wrapping& wrapping : wrappings) {
            if (!wrapping.recognises(head)) continue;
            auto inner = wrapping.open(std::move(source), context);
            if (!inner) return fail(inner.error());
            return open_part(std::move(*inner), context.within());
        }
    }
    const std::string& wrapping = source->origin().wrapping;
    const std::string in = wrapping.empty() ? "" : fmt::format("the {}content is ", wrapping);
    const Bytes beginning = head.first(std::min<std::size_t>(head.size(), 4096));
    return fail(ErrorCode::Unsupported, in + describe_unknown_file(beginning, source->size()));
}

Result<std::unique_ptr<DumpFile>> open_source(std::unique_ptr<ByteSource> source,
                                              const DumpOptions& options) {
    auto dump = open_part(std::move(source), OpenContext(options));
    if (!dump || !(*dump)->info().part) return dump;
    std::vector<std::unique_ptr<DumpFile>> alone;
    alone.push_back(std::move(*dump));
    return join_parts(std::move(alone));
}

bool looks_like_dump(Bytes head) {
    return looks_like_flattened(head) || looks_like_libvirt_save(head) ||
           std::any_of(formats.begin(), formats.end(),
                       [head](const Format& format) { return format.recognises(head); });
}

bool looks_like_dump_file(const fs::path& path) {
    if (!image_places(path).empty()) return true;
    const auto file = open_file(path);
    return file ? kind_of(**file) != FileKind::Other : begins_like_dump(path);
}

bool looks_like_vmlinux_file(const fs::path& path) {
    const auto file = open_file(path);
    return file && is_vmlinux(**file);
}

Result<std::unique_ptr<DumpFile>> open_dump(const fs::path& path, const DumpOptions& options) {
    const OpenContext context(options);
    std::error_code error;
    if (fs::is_directory(path, error)) return open_directory(path, context);
    if (const auto images = image_places(path); !images.empty()) return open_images(images, context);
    if (const fs::path state = vmware_state_beside(path); !state.empty()) return open_files(state, context);
    return open_files(path, context);
}

}  // namespace postmortem
