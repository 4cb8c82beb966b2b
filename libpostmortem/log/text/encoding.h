// Logs that are no plain UTF-8: UTF-16 as PowerShell's ">" writes it, byte order marks, and lines that end in
// a carriage return alone.
#pragma once

#include <memory>

#include "log/text/byte_stream.h"

namespace postmortem {

/// Looks at the first bytes and puts a converter in front of the source where they ask for one.
std::unique_ptr<ByteStream> as_utf8(std::unique_ptr<ByteStream> source);

/// Appends a character's UTF-8 bytes.
void append_utf8(std::string& out, std::uint32_t code);

/// Copies a line to `out` with plain blanks for those that web pages, mailers and word processors put in
/// their place (U+00A0, U+2000 and up, U+202F, U+3000), and without the ones of no width. False, with `out`
/// unchanged, where there are none.
bool with_plain_blanks(std::string_view line, std::string& out);

}  // namespace postmortem
