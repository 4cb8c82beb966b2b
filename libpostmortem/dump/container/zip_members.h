// What a zip archive says of its members: in its directory, and in the header that each has in front of it
// (PKWARE's APPNOTE, 4.3), with the 64-bit fields of large archives.
#pragma once

#include <functional>
#include <string>

#include "dump/byte_source.h"

namespace postmortem {

struct ZipMember {
    std::string name;
    std::uint16_t method = 0, flags = 0;
    std::uint64_t packed = 0, size = 0, header = 0;
    std::int64_t written = 0;
    std::optional<std::uint32_t> crc;  ///< CRC-32 of what it unpacks to

    bool is_folder() const { return name.empty() || name.back() == '/'; }
};

using ZipVisitor = std::function<void(ZipMember)>;

/// Where the bytes of a member begin; nothing where it has no header at its place.
std::optional<std::uint64_t> data_of(const ByteSource& archive, const ZipMember& member);

enum class ZipDirectory { Whole, Damaged, Missing };
ZipDirectory each_in_zip_directory(const ByteSource& archive, const ZipVisitor& visit);

/// The members by their own headers, one behind the other: what there is of an archive whose end is lost.
void each_by_zip_headers(const ByteSource& archive, const ZipVisitor& visit);

}  // namespace postmortem
