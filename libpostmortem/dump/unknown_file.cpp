#include "dump/unknown_file.h"

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

constexpr std::array<Signature, 8> signatures = {{
    {0, "QFI\xfb"sv, "it is a qcow2 disk image; look for the dump in the file system on it"},
    {0, "QEVM"sv,
     "it is a saved QEMU machine of a version that is not known; take the dump with QEMU's dump-guest-memory "
     "instead"},
    {0, "\x89LZO\0\r\n\x1a\n"sv, "it is compressed with lzop; unpack it first (lzop -d)"},
    {0, "\x14\x20\x28\x01"sv,
     "it is a saved Hyper-V machine, which is not read; convert it to an ELF core first (vm2core)"},
    {0, "PAGEDU"sv, "it is a Windows crash dump; WinDbg reads it"},
    {0, "MDMP"sv, "it is a Windows minidump; WinDbg reads it"},
    {0x202, "HdrS"sv, "it is a compressed kernel image (vmlinuz); give the vmcore here"},
    {0, "!<arch>\n"sv, "it is an archive or a Debian package; give the vmcore here"},
}};

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
    if (is_text(head)) {
        return "not a crash dump: it is text, such as a kernel log or console output; give the vmcore here";
    }
    if (is_zero(head)) {
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
