#include "dump/open/unknown_file.h"

#include <algorithm>
#include <array>

#include <elf.h>
#include <fmt/format.h>

namespace postmortem {
namespace {

using namespace std::string_view_literals;

struct Signature {
    std::uint32_t offset;
    std::string_view bytes;
    std::string_view meaning;
};

constexpr std::string_view disk_image =
    "it is a disk image; make it readable (qemu-img convert -O raw) and look for the dump in the file system "
    "on it";

constexpr auto signatures = std::to_array<Signature>({
    {0, "QFI\xfb"sv, "it is a qcow2 disk image; look for the dump in the file system on it"},
    {0, "KDMV"sv, disk_image},
    {0, "COWD"sv, disk_image},
    {0, "# Disk DescriptorFile"sv, disk_image},
    {0, "conectix"sv, disk_image},
    {0, "vhdxfile"sv, disk_image},
    {0, "<<< Oracle VM VirtualBox"sv, disk_image},
    {0, "QEVM"sv,
     "it is a saved QEMU machine of a version that is not known; take the dump with QEMU's dump-guest-memory "
     "instead"},
    {0, "AVML"sv, "it is memory as AVML packs it; unpack it first (avml-convert FILE FILE.lime)"},
    {0, "\x89LZO\0\r\n\x1a\n"sv, "it is compressed with lzop; unpack it first (lzop -d)"},
    {0, "7z\xbc\xaf\x27\x1c"sv, "it is a 7z archive; unpack it first (7z x)"},
    {0, "Rar!\x1a\7"sv, "it is a rar archive; unpack it first (unrar x)"},
    {0, "\x1f\x9d"sv, "it is compressed with compress (.Z); unpack it first (gzip -d)"},
    {0, "\x5d\0\0"sv, "it is compressed with lzma, as it seems; unpack it first (xz -d)"},
    {0, "LZIP"sv, "it is compressed with lzip; unpack it first (lzip -d)"},
    {0, "\xff\6\0\0sNaPpY"sv, "it is compressed with snappy; unpack it first (snzip -d)"},
    {0, "070701"sv, "it is a cpio archive; unpack it first (cpio -i)"},
    {0, "070702"sv, "it is a cpio archive; unpack it first (cpio -i)"},
    {0, "070707"sv, "it is a cpio archive; unpack it first (cpio -i)"},
    {0, "\xed\xab\xee\xdb"sv, "it is an RPM package; give the vmcore here"},
    {0, "\x14\x20\x28\x01"sv,
     "it is a saved Hyper-V machine, which is not read; convert it to an ELF core first (vm2core)"},
    {0, "PAGEDU"sv, "it is a Windows crash dump; WinDbg reads it"},
    {0, "MDMP"sv, "it is a Windows minidump; WinDbg reads it"},
    {0x202, "HdrS"sv, "it is a compressed kernel image (vmlinuz); give the vmcore here"},
    {0, "!<arch>\n"sv, "it is an archive or a Debian package; give the vmcore here"},
});

struct Beginning {
    std::string_view bytes;
    std::string_view what;
};

// Of what is read, as far as it tells itself by its first bytes.
constexpr auto beginnings = std::to_array<Beginning>({
    {"KDUMP   "sv, "a kdump-compressed dump"},
    {"DISKDUMP"sv, "a kdump-compressed dump"},
    {"makedumpfile"sv, "a flattened dump"},
    {"EMiL"sv, "a LiME image"},
    {"\xfd\x37zXZ\0"sv, "an xz file"},
    {"\x28\xb5\x2f\xfd"sv, "a zstd file"},
    {"\x04\x22\x4d\x18"sv, "an lz4 file"},
    {"BZh91AY&SY"sv, "a bzip2 file"},
    {"PK\3\4"sv, "a zip archive"},
});

// What a file of a few bytes was to become; empty where nothing tells.
std::string_view cut_off_beginning(std::string_view text) {
    const auto found = std::find_if(beginnings.begin(), beginnings.end(), [text](const Beginning& known) {
        return text.size() >= 2 && known.bytes.starts_with(text);
    });
    return found == beginnings.end() ? std::string_view() : found->what;
}

// Its end mark alone, filled up to a record.
bool may_be_empty_tar(std::uint64_t size) {
    return size == 1024 || size == 10240;
}

std::string_view elf_meaning(Bytes head) {
    const Endian endian = ByteReader(head).u8(EI_DATA) == ELFDATA2MSB ? Endian::Big : Endian::Little;
    const std::uint16_t type = ByteReader(head, endian).u16(16).value_or(ET_NONE);
    if (type == ET_EXEC || type == ET_DYN) {
        return "it is an ELF executable (a vmlinux?); give the vmcore here, and this file as the vmlinux";
    }
    if (type == ET_REL) return "it is an ELF object (a kernel module?); give the vmcore here";
    return "its ELF header is damaged";
}

bool is_text(Bytes head) {
    return !head.empty() && std::all_of(head.begin(), head.end(), [](std::byte b) {
        const auto c = std::to_integer<unsigned char>(b);
        return c >= 0x20 ? c != 0x7f : c == '\t' || c == '\n' || c == '\r' || c == 0x1b;
    });
}

bool is_zero(Bytes head) {
    return std::all_of(head.begin(), head.end(), [](std::byte b) { return b == std::byte{0}; });
}

}  // namespace

std::string describe_unknown_file(Bytes head, std::uint64_t size) {
    if (size == 0) {
        return "the file is empty; no dump was written, perhaps because the disk was full";
    }
    const std::string_view text = as_text(head);
    for (const Signature& known : signatures) {
        if (text.size() >= known.offset && text.substr(known.offset).starts_with(known.bytes)) {
            return fmt::format("not a crash dump: {}", known.meaning);
        }
    }
    if (text.starts_with(ELFMAG)) return fmt::format("not a crash dump: {}", elf_meaning(head));
    if (head.empty()) return "not a crash dump, as far as can be told: its first bytes are missing";
    if (const auto what = cut_off_beginning(text); size == head.size() && !what.empty())
        return fmt::format("not a crash dump: it is {} that is cut off after {} bytes; copy it again", what,
                           size);
    if (is_text(head)) {
        return "not a crash dump: it is text, such as a kernel log or console output; give the vmcore here";
    }
    if (is_zero(head)) {
        if (may_be_empty_tar(size))
            return "not a crash dump: it is all zeros, as a tar archive without files is";
        return fmt::format(
            "not a crash dump: its first {} bytes are zero; writing it was perhaps interrupted", head.size());
    }
    return fmt::format(
        "not a crash dump of a known format; it starts with {:02x}",
        fmt::join(reinterpret_cast<const unsigned char*>(head.data()),
                  reinterpret_cast<const unsigned char*>(head.data()) + std::min<std::size_t>(head.size(), 8),
                  " "));
}

}  // namespace postmortem
