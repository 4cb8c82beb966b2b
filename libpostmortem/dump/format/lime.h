// LiME: stretches of memory, each behind a header with its addresses (github.com/504ensicsLabs/LiME,
// doc/README: "LiME format"); and plain images, whose place is given by the caller.
#pragma once

#include <memory>

#include "dump/byte_source.h"
#include "dump/dump_file.h"

namespace postmortem {

bool looks_like_lime(Bytes head);

/// Errors: Corrupt (no memory in it); Unsupported (a version other than 1).
Result<std::unique_ptr<DumpFile>> open_lime(std::unique_ptr<ByteSource> source);

/// A file of nothing but memory, from `paddr` on.
struct PlainImage {
    std::unique_ptr<ByteSource> bytes;
    std::uint64_t paddr = 0;
};

/// `images` are not empty.
std::unique_ptr<DumpFile> join_plain_images(std::vector<PlainImage> images);

}  // namespace postmortem
