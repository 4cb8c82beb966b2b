#include "symbols/elf_file.h"

#include <cerrno>
#include <cstring>

#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <gelf.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/no_memory.h"

namespace postmortem {
namespace {

struct Magic {
    std::uint64_t offset;
    std::string_view bytes;
    const char* what;
};

using namespace std::string_view_literals;

// Boot images first: arch/x86/boot/header.S, arch/arm64/kernel/head.S,
// drivers/firmware/efi/libstub/zboot-header.S; then compressed copies and the dump formats that people mix up
// with a vmlinux.
constexpr Magic known_files[] = {
    {0x202, "HdrS"sv, "a compressed boot image (vmlinuz), which holds no symbols"},
    {0x38, "ARM\x64"sv, "a boot image (Image), which holds no symbols"},
    {0x04, "zimg"sv, "a compressed boot image (vmlinuz), which holds no symbols"},
    {0x00, "\x1f\x8b"sv, "gzip-compressed data: a boot image, or a vmlinux that has to be unpacked first"},
    {0x00, "\x28\xb5\x2f\xfd"sv, "zstd-compressed data: unpack it first"},
    {0x00,
     "\xfd"
     "7zXZ\0"sv,
     "xz-compressed data: unpack it first"},
    {0x00, "KDUMP   "sv, "a crash dump, not a vmlinux"},
    {0x00, "makedumpfile"sv, "a crash dump, not a vmlinux"},
};

const char* what_is(Bytes bytes) {
    if (bytes.empty()) return "an empty file";
    const ByteReader reader(bytes);
    for (const Magic& magic : known_files) {
        const auto found = reader.slice(magic.offset, magic.bytes.size());
        if (found && as_text(*found) == magic.bytes) return magic.what;
    }
    return "not an ELF file";
}

tl::unexpected<Error> truncated(const std::string& path, std::string_view what, std::uint64_t end,
                                std::uint64_t size) {
    return fail(ErrorCode::Corrupt,
                fmt::format("{}: truncated or damaged: {} ends at byte {}, and the file has {}", path, what,
                            end, size));
}

}  // namespace

void ElfCloser::operator()(Elf* elf) const {
    ::elf_end(elf);
}

bool ElfSection::compressed() const {
    return (flags & SHF_COMPRESSED) != 0 || name.starts_with(".zdebug_");
}

// libelf gets a mapping of its own: it would write the new sizes of unpacked sections into the headers of
// ours.
Result<ElfHandle> ElfFile::handle() const {
    [[maybe_unused]] static const unsigned version = ::elf_version(EV_CURRENT);
    const int fd = ::open(path().c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return fail(ErrorCode::Io,
                    fmt::format("{}: {}{}", path(), std::strerror(errno), advice_on_limits(errno)));
    struct stat info {};
    const bool unchanged =
        ::fstat(fd, &info) == 0 && static_cast<std::uint64_t>(info.st_size) == bytes().size();
    ElfHandle elf(unchanged ? ::elf_begin(fd, ELF_C_READ_MMAP, nullptr) : nullptr);
    if (elf) ::elf_cntl(elf.get(), ELF_C_FDDONE);
    ::close(fd);
    if (!unchanged) return fail(ErrorCode::Io, fmt::format("{}: it changed while it was read", path()));
    if (!elf) unless_no_memory(::elf_errmsg(-1));
    if (!elf || ::elf_kind(elf.get()) != ELF_K_ELF)
        return fail(ErrorCode::Corrupt, fmt::format("{}: its ELF header is truncated or damaged", path()));
    return elf;
}

Result<ElfFile> ElfFile::open(const std::filesystem::path& path) {
    auto mapped = MappedFile::open(path);
    if (!mapped) return fail(std::move(mapped.error()));
    ElfFile file;
    file.file_ = std::move(*mapped);
    const Bytes bytes = file.bytes();
    if (bytes.size() < SELFMAG || as_text(bytes.first(SELFMAG)) != ELFMAG)
        return fail(ErrorCode::Unsupported, fmt::format("{}: {}", file.path(), what_is(bytes)));
    if (auto done = file.read_sections(); !done) return fail(std::move(done.error()));
    file.read_build_id();
    return file;
}

Result<void> ElfFile::read_sections() {
    auto elf = handle();
    if (!elf) return fail(std::move(elf.error()));
    GElf_Ehdr header;
    std::size_t names = 0, count = 0;
    if (::gelf_getehdr(elf->get(), &header) == nullptr)
        return fail(ErrorCode::Corrupt, fmt::format("{}: its ELF header is truncated or damaged", path()));
    type_ = header.e_type;
    machine_ = header.e_machine;
    is_64_bit_ = ::gelf_getclass(elf->get()) == ELFCLASS64;
    endian_ = header.e_ident[EI_DATA] == ELFDATA2MSB ? Endian::Big : Endian::Little;
    if (type_ == ET_CORE)
        return fail(ErrorCode::Unsupported, fmt::format("{}: an ELF core dump, not a vmlinux", path()));

    const auto table_size = std::uint64_t{header.e_shentsize} * header.e_shnum;
    const auto table_end = checked_add(header.e_shoff, table_size);
    if (!table_end || *table_end > bytes().size())
        return truncated(path(), "its section table", table_end.value_or(~0ull), bytes().size());
    if (::elf_getshdrnum(elf->get(), &count) != 0 || ::elf_getshdrstrndx(elf->get(), &names) != 0)
        return fail(ErrorCode::Corrupt,
                    fmt::format("{}: libelf: {}", path(), unless_no_memory(::elf_errmsg(-1))));

    sections_.resize(count);
    for (std::size_t i = 1; i < count; ++i) {
        GElf_Shdr section;
        if (::gelf_getshdr(::elf_getscn(elf->get(), i), &section) == nullptr)
            return fail(ErrorCode::Corrupt,
                        fmt::format("{}: libelf: {}", path(), unless_no_memory(::elf_errmsg(-1))));
        const char* name = ::elf_strptr(elf->get(), names, section.sh_name);
        ElfSection& out = sections_[i];
        out.name = name != nullptr ? name : "";
        out.type = section.sh_type;
        out.flags = section.sh_flags;
        out.address = section.sh_addr;
        out.size = section.sh_size;
        out.link = section.sh_link;
        if (section.sh_type == SHT_NOBITS || section.sh_type == SHT_NULL) continue;
        const auto slice = ByteReader(bytes()).slice(section.sh_offset, section.sh_size);
        if (!slice)
            return truncated(path(), "section " + out.name,
                             checked_add(section.sh_offset, section.sh_size).value_or(~0ull), bytes().size());
        out.bytes = *slice;
    }
    return {};
}

// A note section is a row of {name size, description size, type}, name, description, each padded to 4 bytes.
// The build-id of vmlinux lies in .notes, after other notes (Xen's), and in .note.gnu.build-id of modules.
void ElfFile::read_build_id() {
    for (const ElfSection& section : sections_) {
        if (section.type != SHT_NOTE) continue;
        const ByteReader notes(section.bytes, endian_);
        for (std::uint64_t at = 0; notes.holds(at, 12);) {
            const std::uint64_t name_size = notes.u32(at).value_or(0), size = notes.u32(at + 4).value_or(0);
            const std::uint32_t type = notes.u32(at + 8).value_or(0);
            const std::uint64_t name_at = at + 12, text_at = name_at + align_up(name_size, 4);
            const auto name = notes.slice(name_at, name_size), text = notes.slice(text_at, size);
            if (!name || !text) break;
            if (type == NT_GNU_BUILD_ID && until_nul(as_text(*name)) == "GNU" && !text->empty()) {
                for (const std::byte byte : *text)
                    build_id_ += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
                return;
            }
            at = text_at + align_up(size, 4);
        }
    }
}

const ElfSection* ElfFile::section(std::string_view name) const {
    for (const ElfSection& section : sections_)
        if (section.name == name) return &section;
    return nullptr;
}

bool ElfFile::has_debug_info() const {
    for (const char* name : {".debug_info", ".zdebug_info"})
        if (const ElfSection* found = section(name); found && !found->bytes.empty()) return true;
    return false;
}

}  // namespace postmortem
