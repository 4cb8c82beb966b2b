#include "symbols/vmlinux.h"

#include <algorithm>
#include <mutex>

#include <elf.h>
#include <fmt/format.h>

#include "base/text.h"
#include "dump/byte_source.h"
#include "dump/container/temporary_file.h"
#include "dump/dump_file.h"
#include "symbols/dwarf_file.h"
#include "symbols/elf_file.h"
#include "symbols/elf_symbols.h"

namespace postmortem {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t longest_banner = 1024;

std::string lower_case(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return text;
}

class ElfVmlinux final : public Vmlinux {
  public:
    explicit ElfVmlinux(ElfFile file) : file_(std::move(file)), path_(file_.path()) {}
    /// `copy` is the file without a name that `file` was read from.
    ElfVmlinux(ElfFile file, TemporaryFile copy, std::filesystem::path name)
        : copy_(std::move(copy)), file_(std::move(file)), path_(std::move(name)) {}

    const std::filesystem::path& path() const override { return path_; }
    const std::string& build_id() const override { return file_.build_id(); }
    KernelBuild build() const override;
    std::uint32_t word_bytes() const override { return file_.is_64_bit() ? 8 : 4; }
    std::uint16_t machine() const override { return file_.machine(); }
    Result<std::unique_ptr<SymbolTable>> symbols(std::uint64_t slide) const override {
        return read_elf_symbols(file_, slide);
    }
    Result<std::vector<std::byte>> btf() const override;
    bool has_dwarf() const override { return file_.has_debug_info(); }
    Result<DwarfFile*> dwarf() const override;

  private:
    std::optional<TemporaryFile> copy_;
    ElfFile file_;
    std::filesystem::path path_;
    mutable std::once_flag dwarf_opened_;
    mutable std::optional<Result<std::unique_ptr<DwarfFile>>> dwarf_;
};

// Without a symbol that leads to linux_banner, it is searched for in the read-only data.
KernelBuild ElfVmlinux::build() const {
    constexpr std::string_view prefix = "Linux version ";
    KernelBuild build;
    build.build_id = file_.build_id();
    const ElfSection* section = file_.section(".rodata");
    if (section == nullptr) return build;
    const std::string_view text = as_text(section->bytes);
    for (std::size_t at = text.find(prefix); at != std::string_view::npos; at = text.find(prefix, at + 1)) {
        const std::string_view banner =
            text.substr(at, text.substr(at, longest_banner).find_first_of("\n\0"sv));
        const auto release = release_in_banner(banner);
        if (!release) continue;
        build.release = *release;
        build.banner = banner;
        // Since 6.1 (init/version-timestamp.c) one without the number of the build is left in the image as
        // well.
        if (!contains(banner, " # ")) break;
    }
    return build;
}

Result<std::vector<std::byte>> ElfVmlinux::btf() const {
    const ElfSection* section = file_.section(".BTF");
    if (section == nullptr || section->bytes.empty())
        return fail(ErrorCode::NotFound, fmt::format("{}: it has no .BTF section", file_.path()));
    if (section->compressed())
        return fail(ErrorCode::Unsupported, fmt::format("{}: its .BTF section is compressed", file_.path()));
    return std::vector<std::byte>(section->bytes.begin(), section->bytes.end());
}

Result<DwarfFile*> ElfVmlinux::dwarf() const {
    std::call_once(dwarf_opened_, [&] { dwarf_ = DwarfFile::open(file_); });
    if (!*dwarf_) return fail(dwarf_->error());
    return dwarf_->value().get();
}

Result<void> check_build_id(const ElfFile& file, const std::string& wanted) {
    if (file.build_id() == wanted) return {};
    if (file.build_id().empty())
        return fail(ErrorCode::InvalidArgument,
                    fmt::format("{}: it has no build-id, and the dump's kernel has {}", file.path(), wanted));
    return fail(ErrorCode::InvalidArgument,
                fmt::format("{}: it is of another build: its build-id is {}, that of the dump's kernel {}",
                            file.path(), file.build_id(), wanted));
}

Result<ElfFile> open_checked(const std::filesystem::path& path, const std::optional<std::string>& build_id) {
    auto file = ElfFile::open(path);
    if (!file) return fail(std::move(file.error()));
    if (file->type() == ET_REL)
        return fail(ErrorCode::Unsupported,
                    fmt::format("{}: an object file or kernel module, not a vmlinux", file->path()));
    if (build_id && !build_id->empty()) {
        if (auto same = check_build_id(*file, lower_case(*build_id)); !same)
            return fail(std::move(same.error()));
    }
    if (!file->has_debug_info() && file->section(".symtab") == nullptr && file->section(".BTF") == nullptr)
        return fail(
            ErrorCode::MissingDebugInfo,
            fmt::format("{}: stripped, it holds neither symbols nor types nor DWARF; give the vmlinux of "
                        "the kernel's debug package",
                        file->path()));
    return file;
}

Result<TemporaryFile> copy_of(const Attachment& file) {
    const auto refused = [&](const Error& error) {
        return fail(error.code, fmt::format("{}: {}", file.name, error.message));
    };
    const auto bytes = file.open();
    if (!bytes) return refused(bytes.error());
    const std::uint64_t size = (*bytes)->size();
    auto copy = TemporaryFile::create(file.space);
    if (!copy) return refused(copy.error());
    constexpr std::uint64_t chunk = 1 << 20;
    std::vector<std::byte> buffer(chunk);
    for (std::uint64_t at = 0; at < size; at += chunk) {
        const auto piece = (*bytes)->read(at, std::min(chunk, size - at), buffer);
        if (!piece)
            return fail(ErrorCode::PageMissing, fmt::format("{}: it is cut off in the archive", file.name));
        if (auto written = copy->write_at(at, *piece); !written) return refused(written.error());
    }
    if (auto mapped = copy->map(size); !mapped) return refused(mapped.error());
    return copy;
}

}  // namespace

Result<std::unique_ptr<Vmlinux>> Vmlinux::open(const std::filesystem::path& path,
                                               const std::optional<std::string>& build_id) {
    auto file = open_checked(path, build_id);
    if (!file) return fail(std::move(file.error()));
    return std::make_unique<ElfVmlinux>(std::move(*file));
}

Result<std::unique_ptr<Vmlinux>> Vmlinux::open(const Attachment& attached,
                                               const std::optional<std::string>& build_id) {
    auto copy = copy_of(attached);
    if (!copy) return fail(std::move(copy.error()));
    auto file = open_checked(copy->path(), build_id);
    if (!file) return fail(std::move(file.error()));
    return std::make_unique<ElfVmlinux>(std::move(*file), std::move(*copy), attached.place);
}

}  // namespace postmortem
