// Which format is it? Two tables of probes over the first bytes of a file; a new format adds a line and a
// file.
#include <algorithm>
#include <array>
#include <cerrno>

#include <fmt/format.h>
#include <unistd.h>

#include "base/mapped_file.h"
#include "dump/byte_source.h"
#include "dump/dump_file.h"
#include "dump/elf_core.h"
#include "dump/find_dump.h"
#include "dump/flattened.h"
#include "dump/kdump.h"
#include "dump/open_source.h"
#include "dump/unknown_file.h"

namespace postmortem {
namespace {

// What a dump may be wrapped in: the inner bytes are then looked at in turn.
struct Wrapping {
    bool (*recognises)(Bytes head);
    Result<std::unique_ptr<ByteSource>> (*open)(std::unique_ptr<ByteSource> outer);
};

struct Format {
    bool (*recognises)(Bytes head);
    Result<std::unique_ptr<DumpFile>> (*open)(std::unique_ptr<ByteSource> source);
};

constexpr std::array wrappings = {
    Wrapping{looks_like_flattened, open_flattened},
};

constexpr std::array formats = {
    Format{looks_like_kdump, open_kdump},
    Format{looks_like_elf_core, open_elf_core},
};

constexpr std::uint64_t head_size = 4096;
constexpr int max_wrappings = 2;

Result<std::unique_ptr<DumpFile>> open_wrapped(std::unique_ptr<ByteSource> source, int depth) {
    std::array<std::byte, head_size> scratch;
    const Bytes head = source->read(0, std::min(source->size(), head_size), scratch).value_or(Bytes{});
    for (const Format& format : formats) {
        if (format.recognises(head)) return format.open(std::move(source));
    }
    for (const Wrapping& wrapping : wrappings) {
        if (depth == max_wrappings || !wrapping.recognises(head)) continue;
        auto inner = wrapping.open(std::move(source));
        if (!inner) return fail(inner.error());
        return open_wrapped(std::move(*inner), depth + 1);
    }
    const std::string_view in = source->origin().wrapping.empty() ? "" : "the flattened content is ";
    return fail(ErrorCode::Unsupported, fmt::format("{}{}", in, describe_unknown_file(head, source->size())));
}

std::string advice_on_opening(const std::filesystem::path& path) {
    if (::access(path.c_str(), R_OK) == 0 || errno != EACCES) return {};
    return "; crash dumps are often readable by root only: run as root or copy it";
}

}  // namespace

bool looks_like_dump(Bytes head) {
    const auto recognises = [head](const auto& entry) { return entry.recognises(head); };
    return std::any_of(formats.begin(), formats.end(), recognises) ||
           std::any_of(wrappings.begin(), wrappings.end(), recognises);
}

Result<std::unique_ptr<DumpFile>> open_source(std::unique_ptr<ByteSource> source) {
    return open_wrapped(std::move(source), 0);
}

Result<std::unique_ptr<DumpFile>> open_dump(const std::filesystem::path& path) {
    FoundDump found{path, {}};
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) {
        auto in_directory = find_dump(path, looks_like_dump);
        if (!in_directory) return fail(in_directory.error());
        found = std::move(*in_directory);
    }
    auto file = MappedFile::open(found.file);
    if (!file) return fail(file.error().code, file.error().message + advice_on_opening(found.file));
    auto dump = open_source(std::make_unique<MappedSource>(std::move(*file), std::move(found.remarks)));
    if (!dump)
        return fail(dump.error().code, fmt::format("{}: {}", found.file.string(), dump.error().message));
    return dump;
}

}  // namespace postmortem
