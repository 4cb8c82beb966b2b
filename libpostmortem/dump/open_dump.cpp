// Which format is it? One table of probes over the first bytes of the file; a new format adds a line here.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/mapped_file.h"
#include "dump/byte_source.h"
#include "dump/dump_file.h"
#include "dump/elf_core.h"
#include "dump/kdump.h"

namespace postmortem {
namespace {

using Opened = Result<std::unique_ptr<DumpFile>>;

struct Format {
    bool (*recognises)(Bytes head);
    Opened (*open)(std::unique_ptr<ByteSource> source);
};

constexpr std::array<Format, 2> formats = {{
    {looks_like_kdump, open_kdump},
    {looks_like_elf_core, open_elf_core},
}};

constexpr std::uint64_t head_size = 4096;

Opened open_source(std::unique_ptr<ByteSource> source) {
    std::array<std::byte, head_size> scratch;
    const auto head = source->read(0, std::min(source->size(), head_size), scratch);
    for (const Format& format : formats) {
        if (head && format.recognises(*head)) return format.open(std::move(source));
    }
    return fail(ErrorCode::Unsupported, "not a crash dump of a known format");
}

}  // namespace

Result<std::unique_ptr<DumpFile>> open_dump(const std::filesystem::path& path) {
    auto file = MappedFile::open(path);
    if (!file) return fail(file.error());
    auto dump = open_source(std::make_unique<MappedSource>(std::move(*file)));
    if (!dump) return fail(dump.error().code, fmt::format("{}: {}", path.string(), dump.error().message));
    return dump;
}

}  // namespace postmortem
