// The form of the files that this program makes for itself: lines that people can read ("release: 6.1.0") with
// their checksum, an empty line, and the content, packed with zstd and another one.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace postmortem {

struct PackedText {
    std::vector<std::pair<std::string, std::string>> lines;  ///< names and values, of one line each
    std::string content;

    /// Empty where there is no such line.
    std::string_view line(std::string_view name) const;
};

/// `kind` is in the first line: "types".
std::vector<std::byte> pack_text(std::string_view kind, const PackedText& text);

/// `name` is the file's, for messages. Errors: Unsupported where it is of another kind, or of a later format;
/// Corrupt.
Result<PackedText> unpack_text(std::string_view kind, Bytes bytes, std::string_view name);

}  // namespace postmortem
