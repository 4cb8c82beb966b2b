#include "dump/container/zip_members.h"

#include <algorithm>
#include <array>

namespace postmortem {
namespace {

using namespace std::string_view_literals;

constexpr std::uint32_t end_magic = 0x06054b50, end64_magic = 0x06064b50, locator_magic = 0x07064b50,
                        entry_magic = 0x02014b50, member_magic = 0x04034b50;
constexpr std::uint64_t end_size = 22, end64_size = 56, locator_size = 20, entry_size = 46, member_size = 30;
constexpr std::uint64_t max_comment = 65535, max_directory = 64u << 20;
constexpr std::uint16_t sizes_follow = 8;
constexpr std::uint64_t unknown_size = ~0ull >> 8;

struct Place {
    std::uint64_t at = 0, size = 0;
};

// The end record of a 64-bit archive, which the locator in front of the old one points to.
std::optional<Place> directory64(const ByteSource& file, std::uint64_t end_record) {
    std::array<std::byte, end64_size> scratch;
    if (end_record < locator_size ||
        !file.skim(end_record - locator_size, MutableBytes(scratch).first(locator_size)))
        return std::nullopt;
    const ByteReader locator(scratch, Endian::Little);
    if (locator.u32(0) != locator_magic) return std::nullopt;
    if (!file.skim(*locator.u64(8), scratch) || locator.u32(0) != end64_magic) return std::nullopt;
    return Place{*locator.u64(48), *locator.u64(40)};
}

std::optional<Place> find_directory(const ByteSource& file) {
    const std::uint64_t length = std::min(file.size(), end_size + max_comment);
    std::vector<std::byte> tail(length);
    if (!file.skim(file.size() - length, tail)) return std::nullopt;
    const ByteReader reader(tail, Endian::Little);
    for (std::uint64_t back = end_size; back <= length; ++back) {
        const std::uint64_t at = length - back;
        if (reader.u32(at) != end_magic) continue;
        if (const auto large = directory64(file, file.size() - back)) return large;
        return Place{*reader.u32(at + 16), *reader.u32(at + 12)};
    }
    return std::nullopt;
}

std::vector<std::byte> read_directory(const ByteSource& file) {
    const auto place = find_directory(file);
    if (!place || place->size > max_directory || place->at > file.size() ||
        place->size > file.size() - place->at)
        return {};
    std::vector<std::byte> bytes(place->size);
    if (!file.skim(place->at, bytes)) bytes.clear();
    return bytes;
}

// Those of the three fields that are all ones stand in the extra field with the id 1, in this order.
void read_64_bit_fields(ByteReader extra, ZipMember& member) {
    for (std::uint64_t at = 0; extra.holds(at, 4);) {
        const std::uint64_t size = *extra.u16(at + 2);
        if (extra.u16(at) == 1) {
            std::uint64_t next = at + 4;
            for (std::uint64_t* field : {&member.size, &member.packed, &member.header}) {
                if (*field != 0xffffffff) continue;
                *field = extra.u64(next).value_or(unknown_size);
                next += 8;
            }
            return;
        }
        at += 4 + size;
    }
}

// The fields that an entry of the directory and a member's own header have in common.
ZipMember common_fields(ByteReader fields) {
    ZipMember member;
    member.flags = *fields.u16(0);
    member.method = *fields.u16(2);
    member.written = std::int64_t{*fields.u16(6)} << 16 | *fields.u16(4);  // date, time
    member.crc = fields.u32(8);
    member.packed = *fields.u32(12);
    member.size = *fields.u32(16);
    return member;
}

std::optional<ZipMember> entry_at(ByteReader directory, std::uint64_t& at) {
    if (!directory.holds(at, entry_size) || directory.u32(at) != entry_magic) return std::nullopt;
    ZipMember member = common_fields(ByteReader(*directory.slice(at + 8, 20), Endian::Little));
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

struct OwnHeader {
    ZipMember member;
    std::uint64_t data = 0;  ///< where the member's bytes begin
};

std::optional<OwnHeader> own_header_at(const ByteSource& archive, std::uint64_t at) {
    std::array<std::byte, member_size> fixed;
    if (!archive.skim(at, fixed)) return std::nullopt;
    const ByteReader header(fixed, Endian::Little);
    if (header.u32(0) != member_magic) return std::nullopt;
    OwnHeader own{common_fields(ByteReader(Bytes(fixed).subspan(6), Endian::Little))};
    const std::uint64_t name = *header.u16(26), extra = *header.u16(28);
    std::vector<std::byte> rest(name + extra);
    if (!archive.skim(at + member_size, rest)) return std::nullopt;
    own.member.name = std::string(until_nul(as_text(Bytes(rest).first(name))));
    read_64_bit_fields(ByteReader(Bytes(rest).subspan(name), Endian::Little), own.member);
    own.member.header = at;
    own.data = at + member_size + name + extra;
    return own;
}

// Sizes that were not known when the header was written stand behind the member. It is found by itself:
// one of them says how far away the member begins.
class DescriptorSearch {
  public:
    DescriptorSearch(const ByteSource& archive, std::uint64_t data) : archive_(archive), data_(data) {}

    /// Fills in the sizes, and gives the place behind; nothing where the archive ends before.
    std::optional<std::uint64_t> find(ZipMember& member) const {
        std::vector<std::byte> room(chunk);
        for (std::uint64_t at = data_; at + least <= archive_.size(); at += chunk - most) {
            const std::uint64_t length = std::min<std::uint64_t>(chunk, archive_.size() - at);
            const auto bytes = archive_.read(at, length, room);
            if (!bytes) return std::nullopt;
            const std::string_view text = as_text(*bytes);
            for (std::size_t i = text.find(magic); i != text.npos; i = text.find(magic, i + 1))
                if (const auto behind = take(at + i, member)) return behind;
        }
        return std::nullopt;
    }

  private:
    static constexpr std::string_view magic = "PK\7\10"sv;
    static constexpr std::uint64_t chunk = 1 << 20, least = 16, most = 24;

    std::optional<std::uint64_t> take(std::uint64_t at, ZipMember& member) const {
        std::array<std::byte, most + 2> bytes{};
        const std::uint64_t there = std::min<std::uint64_t>(bytes.size(), archive_.size() - at);
        if (there < least || !archive_.skim(at, MutableBytes(bytes).first(there))) return std::nullopt;
        const ByteReader reader(bytes, Endian::Little);
        const std::uint64_t packed = at - data_;
        const bool is_large = reader.u64(8) == packed && as_text(bytes).substr(16, 2) != "PK";
        if (!is_large && reader.u32(8) != packed) return std::nullopt;
        member.crc = reader.u32(4);
        member.packed = packed;
        member.size = is_large ? *reader.u64(16) : *reader.u32(12);
        return at + (is_large ? most : least);
    }

    const ByteSource& archive_;
    std::uint64_t data_;
};

}  // namespace

std::optional<std::uint64_t> data_of(const ByteSource& archive, const ZipMember& member) {
    const auto own = own_header_at(archive, member.header);
    return own ? std::optional(own->data) : std::nullopt;
}

ZipDirectory each_in_zip_directory(const ByteSource& archive, const ZipVisitor& visit) {
    const std::vector<std::byte> bytes = read_directory(archive);
    if (bytes.empty()) return ZipDirectory::Missing;
    const ByteReader directory(bytes, Endian::Little);
    for (std::uint64_t at = 0; at < bytes.size();) {
        auto member = entry_at(directory, at);
        if (!member) return ZipDirectory::Damaged;
        visit(std::move(*member));
    }
    return ZipDirectory::Whole;
}

void each_by_zip_headers(const ByteSource& archive, const ZipVisitor& visit) {
    for (std::uint64_t at = 0; at < archive.size();) {
        auto own = own_header_at(archive, at);
        if (!own) return;
        const std::uint64_t rest = archive.size() - own->data;
        if ((own->member.flags & sizes_follow) != 0) {
            own->member.crc.reset();
            own->member.size = unknown_size;
            own->member.packed = rest;
            at = DescriptorSearch(archive, own->data).find(own->member).value_or(archive.size());
        } else {
            at = own->data + std::min(own->member.packed, rest);
        }
        visit(std::move(own->member));
    }
}

}  // namespace postmortem
