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

}  // namespace postmortem
