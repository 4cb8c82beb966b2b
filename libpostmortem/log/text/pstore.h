// Records of pstore (fs/pstore/platform.c): each opens with "Panic#1 Part3", the highest part is the oldest,
// and a record that the kernel could not unpack is one bare deflate, lzo, lz4 or zstd stream without a
// length.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace postmortem {

/// Larger files are no single record.
inline constexpr std::size_t max_pstore_record = 1 << 20;

/// Whether a line is a record's header.
bool is_pstore_header(std::string_view line);

/// Whether a text begins with a record, or with the name of a record's file and the record.
bool opens_with_pstore_record(std::string_view text);

/// A record that was packed without a header of its own (a ".enc.z" file); nothing where no codec yields a
/// record.
std::optional<std::vector<std::byte>> unpacked_pstore_record(Bytes packed);

/// A piece of a log and the line of the source it begins at.
struct LogPiece {
    std::string_view text;
    std::size_t first_line = 1;
};

/// Several records one behind the other, put into the order in which they were written.
std::vector<LogPiece> in_written_order(std::string_view records);

}  // namespace postmortem
