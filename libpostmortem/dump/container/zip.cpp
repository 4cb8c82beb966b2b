// zip, by its central directory (PKWARE's APPNOTE, 4.3), with the 64-bit fields of large archives.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/stream_decoder.h"
#include "dump/container/archive.h"
#include "dump/container/compressed.h"
#include "dump/container/member_source.h"

namespace postmortem {
namespace {

constexpr std::uint32_t end_magic = 0x06054b50, end64_magic = 0x06064b50, locator_magic = 0x07064b50,
                        entry_magic = 0x02014b50, member_magic = 0x04034b50;
constexpr std::uint64_t end_size = 22, end64_size = 56, locator_size = 20, entry_size = 46, member_size = 30;
constexpr std::uint64_t max_comment = 65535, max_directory = 64u << 20;
constexpr std::uint16_t encrypted = 1;

struct Directory {
    std::uint64_t at = 0, size = 0;
};

struct Member {
    std::string name;
    std::uint16_t method = 0, flags = 0;
    std::uint64_t packed = 0, size = 0, header = 0;
    std::int64_t written = 0;
};

// The end record of a 64-bit archive, which the locator in front of the old one points to.
std::optional<Directory> directory64(const ByteSource& file, std::uint64_t end_record) {
    std::array<std::byte, end64_size> scratch;
    if (end_record < locator_size ||
        !file.skim(end_record - locator_size, MutableBytes(scratch).first(locator_size)))
        return std::nullopt;
    const ByteReader locator(scratch, Endian::Little);
    if (locator.u32(0) != locator_magic) return std::nullopt;
    if (!file.skim(*locator.u64(8), scratch) || locator.u32(0) != end64_magic) return std::nullopt;
    return Directory{*locator.u64(48), *locator.u64(40)};
}

std::optional<Directory> find_directory(const ByteSource& file) {
    const std::uint64_t length = std::min(file.size(), end_size + max_comment);
    std::vector<std::byte> tail(length);
    if (!file.skim(file.size() - length, tail)) return std::nullopt;
    const ByteReader reader(tail, Endian::Little);
    for (std::uint64_t back = end_size; back <= length; ++back) {
        const std::uint64_t at = length - back;
        if (reader.u32(at) != end_magic) continue;
        if (const auto large = directory64(file, file.size() - back)) return large;
        return Directory{*reader.u32(at + 16), *reader.u32(at + 12)};
    }
    return std::nullopt;
}

// Those of the three fields that are all ones stand in the extra field with the id 1, in this order.
void read_64_bit_fields(ByteReader extra, Member& member) {
    for (std::uint64_t at = 0; extra.holds(at, 4);) {
        const std::uint64_t size = *extra.u16(at + 2);
        if (extra.u16(at) == 1) {
            std::uint64_t next = at + 4;
            for (std::uint64_t* field : {&member.size, &member.packed, &member.header}) {
                if (*field != 0xffffffff) continue;
                *field = extra.u64(next).value_or(~0ull >> 8);
                next += 8;
            }
            return;
        }
        at += 4 + size;
    }
}

std::optional<Member> member_at(ByteReader directory, std::uint64_t& at) {
    if (!directory.holds(at, entry_size) || directory.u32(at) != entry_magic) return std::nullopt;
    Member member;
    member.flags = *directory.u16(at + 8);
    member.method = *directory.u16(at + 10);
    member.written = std::int64_t{*directory.u16(at + 14)} << 16 | *directory.u16(at + 12);  // date, time
    member.packed = *directory.u32(at + 20);
    member.size = *directory.u32(at + 24);
    member.header = *directory.u32(at + 42);
    const std::uint64_t name = *directory.u16(at + 28), extra = *directory.u16(at + 30),
                        comment = *directory.u16(at + 32);
    const auto text = directory.slice(at + entry_size, name);
    const auto more = directory.slice(at + entry_size + name, extra);
    if (!text || !more) return std::nullopt;
    member.name = std::string(until_nul(as_text(*text)));
    read_64_bit_fields(ByteReader(*more, Endian::Little), member);
    at += entry_size + name + extra + comment;
    return member;
}

std::optional<StreamFormat> format_of(std::uint16_t method) {
    switch (method) {
        case 8: return StreamFormat::Deflate;
        case 12: return StreamFormat::Bzip2;
        case 93: return StreamFormat::Zstd;
        case 95: return StreamFormat::Xz;
        default: return std::nullopt;
    }
}

Result<std::unique_ptr<ByteSource>> open_member(const std::shared_ptr<const ByteSource>& archive,
                                                const Member& member, const OpenContext& context) {
    std::array<std::byte, member_size> header;
    if (!archive->skim(member.header, header) ||
        load<std::uint32_t>(header.data(), Endian::Little) != member_magic)
        return fail(ErrorCode::Corrupt,
                    fmt::format("{}: its header in the zip archive is damaged", member.name));
    if ((member.flags & encrypted) != 0)
        return fail(ErrorCode::Unsupported,
                    fmt::format("{}: it is encrypted; unpack it first (unzip)", member.name));
    const std::uint64_t data = member.header + member_size +
                               load<std::uint16_t>(header.data() + 26, Endian::Little) +
                               load<std::uint16_t>(header.data() + 28, Endian::Little);
    auto packed = make_member(archive, member.name, "zip", {{0, member.packed, data}}, member.packed);
    if (member.method == 0) return packed;
    const auto format = format_of(member.method);
    if (!format)
        return fail(ErrorCode::Unsupported,
                    fmt::format("{}: it is packed with method {}, which is not known; "
                                "unpack it first (unzip)",
                                member.name, member.method));
    return unpack_stream(std::move(packed), *format, context);
}

}  // namespace

bool looks_like_zip(Bytes head) {
    return as_text(head).starts_with("PK\3\4");
}

std::vector<FolderEntry> list_zip(std::shared_ptr<const ByteSource> archive, const OpenContext& context,
                                  std::vector<Error>& problems) {
    std::vector<FolderEntry> entries;
    const auto place = find_directory(*archive);
    std::vector<std::byte> bytes;
    if (place && place->size <= max_directory && place->at <= archive->size() &&
        place->size <= archive->size() - place->at) {
        bytes.resize(place->size);
        if (!archive->skim(place->at, bytes)) bytes.clear();
    }
    if (bytes.empty()) {
        problems.emplace_back(ErrorCode::Corrupt,
                              "the zip archive is cut off or damaged: it has no directory; "
                              "copy it again");
        return entries;
    }
    const ByteReader directory(bytes, Endian::Little);
    for (std::uint64_t at = 0; at < bytes.size();) {
        auto member = member_at(directory, at);
        if (!member) {
            problems.emplace_back(ErrorCode::Corrupt, "the directory of the zip archive is damaged");
            break;
        }
        if (member->name.empty() || member->name.back() == '/') continue;
        FolderEntry entry;
        entry.name = member->name;
        entry.folder =
            entry.name.find('/') == entry.name.npos ? "" : entry.name.substr(0, entry.name.rfind('/'));
        entry.written = member->written;
        entry.open = [archive, context, member = std::move(*member)] {
            return open_member(archive, member, context);
        };
        entries.push_back(std::move(entry));
    }
    return entries;
}

}  // namespace postmortem
