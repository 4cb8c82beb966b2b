#include "symbols/dwarf_file.h"

#include <elf.h>
#include <elfutils/libdw.h>
#include <fmt/format.h>
#include <gelf.h>

#include "base/checked.h"
#include "base/no_memory.h"

namespace postmortem {
namespace {

namespace fs = std::filesystem;

// More DWARF than any kernel has; a compressed section can claim any size at all.
constexpr std::uint64_t max_unpacked = 16ull << 30;
constexpr std::uint32_t compressed_by_zlib = 1, compressed_by_zstd = 2;

std::string_view compression_name(std::uint32_t type) {
    if (type == compressed_by_zlib) return "zlib";
    if (type == compressed_by_zstd) return "zstd";
    return "an unknown method";
}

// The first bytes of a compressed section tell its method and size: Elf32_Chdr, Elf64_Chdr, or "ZLIB" and a
// big-endian size in the older .zdebug_ sections.
struct Packed {
    std::uint32_t type = 0;
    std::uint64_t size = 0;
};

std::optional<Packed> read_packed_header(const ElfFile& file, const ElfSection& section) {
    const ByteReader reader(section.bytes, file.endian());
    if (section.name.starts_with(".zdebug_")) {
        const auto size = ByteReader(section.bytes, Endian::Big).u64(4);
        if (!size || as_text(section.bytes.first(4)) != "ZLIB") return std::nullopt;
        return Packed{compressed_by_zlib, *size};
    }
    const auto type = reader.u32(0);
    const auto size = file.is_64_bit() ? reader.u64(8) : std::optional<std::uint64_t>(reader.u32(4));
    if (!type || !size) return std::nullopt;
    return Packed{*type, *size};
}

Result<void> check_packed_sections(const ElfFile& file, const ElfHandle& elf) {
    std::uint64_t total = 0;
    for (std::size_t i = 1; i < file.sections().size(); ++i) {
        const ElfSection& section = file.sections()[i];
        if (!section.compressed() || section.type == SHT_NOBITS) continue;
        const auto packed = read_packed_header(file, section);
        // No method packs better than that by far: zlib's limit is 1032.
        const std::uint64_t plausible = section.bytes.size() * 4096;
        if (!packed || packed->size > plausible || (total += packed->size) > max_unpacked)
            return fail(ErrorCode::Corrupt,
                        fmt::format("{}: section {} claims an impossible size when unpacked", file.path(),
                                    section.name));
        if (section.name != ".debug_info") continue;
        if (::elf_compress(::elf_getscn(elf.get(), i), 0, 0) < 0)
            return fail(
                ErrorCode::Unsupported,
                fmt::format("{}: the debug sections are compressed with {}, which the installed libelf "
                            "cannot unpack ({}); unpack them with `objcopy "
                            "--decompress-debug-sections`",
                            file.path(), compression_name(packed->type), unless_no_memory(::elf_errmsg(-1))));
    }
    return {};
}

// libdw has unpacked the sections in place when it opened the file.
Bytes unpacked(const ElfFile& file, const ElfHandle& elf, std::string_view name) {
    const std::string old_name = ".z" + std::string(name.substr(1));
    for (std::size_t i = 1; i < file.sections().size(); ++i) {
        const ElfSection& section = file.sections()[i];
        if (section.name != name && section.name != old_name) continue;
        const Elf_Data* data = ::elf_rawdata(::elf_getscn(elf.get(), i), nullptr);
        if (data == nullptr || data->d_buf == nullptr) return {};
        return {static_cast<const std::byte*>(data->d_buf), data->d_size};
    }
    return {};
}

std::string hex(Bytes bytes) {
    std::string text;
    for (const std::byte byte : bytes) text += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
    return text;
}

std::vector<fs::path> alternate_candidates(const fs::path& of, const fs::path& name, const std::string& id) {
    std::vector<fs::path> candidates{of.parent_path() / name};
    std::error_code ignored;
    const fs::path real = fs::weakly_canonical(of, ignored);
    if (!ignored) candidates.push_back(real.parent_path() / name);
    if (id.size() > 2)
        candidates.push_back(fs::path("/usr/lib/debug/.build-id") / id.substr(0, 2) /
                             (id.substr(2) + ".debug"));
    candidates.push_back(fs::path("/usr/lib/debug/.dwz") / name.filename());
    return candidates;
}

}  // namespace

void DwarfCloser::operator()(Dwarf* dwarf) const {
    ::dwarf_end(dwarf);
}

Result<std::unique_ptr<DwarfFile>> DwarfFile::open(const ElfFile& file) {
    if (!file.has_debug_info())
        return fail(ErrorCode::MissingDebugInfo,
                    fmt::format("{}: it holds no DWARF debugging information", file.path()));
    std::unique_ptr<DwarfFile> opened(new DwarfFile(file));
    auto elf = file.handle();
    if (!elf) return fail(std::move(elf.error()));
    opened->elf_ = std::move(*elf);
    if (auto done = check_packed_sections(file, opened->elf_); !done) return fail(std::move(done.error()));
    opened->dwarf_.reset(::dwarf_begin_elf(opened->elf_.get(), DWARF_C_READ, nullptr));
    if (!opened->dwarf_)
        return fail(ErrorCode::Corrupt,
                    fmt::format("{}: libdw: {}", file.path(), unless_no_memory(::dwarf_errmsg(-1))));
    ::dwarf_new_oom_handler(opened->dwarf_.get(), tell_of_no_memory);
    if (const ElfSection* link = file.section(".gnu_debugaltlink")) {
        if (auto done = opened->open_alternate(*link); !done) return fail(std::move(done.error()));
    }
    return opened;
}

Bytes DwarfFile::section(std::string_view name) const {
    return unpacked(*file_, elf_, name);
}

Bytes DwarfFile::alternate_section(std::string_view name) const {
    return alternate_ ? unpacked(*alternate_file_, alternate_elf_, name) : Bytes();
}

// .gnu_debugaltlink: a file name, a NUL, the build-id of that file.
Result<void> DwarfFile::open_alternate(const ElfSection& link) {
    const auto name = ByteReader(link.bytes).c_string(0);
    if (!name || name->empty())
        return fail(ErrorCode::Corrupt, fmt::format("{}: .gnu_debugaltlink is malformed", file_->path()));
    const std::string id = hex(link.bytes.subspan(name->size() + 1));
    for (const fs::path& candidate : alternate_candidates(file_->path(), fs::path(*name), id)) {
        auto alternate = ElfFile::open(candidate);
        if (!alternate || alternate->build_id() != id) continue;
        alternate_file_ = std::make_unique<ElfFile>(std::move(*alternate));
        auto elf = alternate_file_->handle();
        if (!elf) return fail(std::move(elf.error()));
        alternate_elf_ = std::move(*elf);
        if (auto done = check_packed_sections(*alternate_file_, alternate_elf_); !done) return done;
        alternate_.reset(::dwarf_begin_elf(alternate_elf_.get(), DWARF_C_READ, nullptr));
        if (!alternate_)
            return fail(ErrorCode::Corrupt, fmt::format("{}: libdw: {}", alternate_file_->path(),
                                                        unless_no_memory(::dwarf_errmsg(-1))));
        ::dwarf_setalt(dwarf_.get(), alternate_.get());
        return {};
    }
    return fail(
        ErrorCode::MissingDebugInfo,
        fmt::format("{}: part of its DWARF was moved to {} (build-id {}), and that file is not there; it "
                    "comes with the same package",
                    file_->path(), *name, id));
}

}  // namespace postmortem
