// Packs small files the way people do: compressed, in blocks that can be entered, in archives.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/fake_dump.h"

namespace postmortem::test {

/// ZstdSeekableUnsized: the frames do not say what they unpack to, as those that were written in a stream.
enum class Packing {
    Gzip,
    Xz,
    Zstd,
    Lz4,
    Lz4Legacy,
    Bzip2,
    XzBlocks,
    ZstdSeekable,
    ZstdSeekableUnsized,
    Bgzf
};
constexpr Packing packings[] = {Packing::Gzip,     Packing::Xz,           Packing::Zstd,
                                Packing::Lz4,      Packing::Lz4Legacy,    Packing::Bzip2,
                                Packing::XzBlocks, Packing::ZstdSeekable, Packing::ZstdSeekableUnsized,
                                Packing::Bgzf};

std::string name_of(Packing packing);
Buffer pack_file(Packing packing, Bytes file);

struct FakeMember {
    std::string name;
    Buffer bytes;
    std::uint64_t written = 1700000000;
};

enum class TarStyle { Plain, GnuSparse, PaxSparse };
/// In the sparse styles, stretches of zeros are left out.
Buffer make_tar(const std::vector<FakeMember>& members, TarStyle style = TarStyle::Plain,
                bool with_end = true);

/// Where the headers of members have their sizes; behind the member, where they were not known before.
enum class ZipSizes { InHeader, Behind };
/// Method 0 (stored) or 8 (deflated).
Buffer make_zip(const std::vector<FakeMember>& members, int method, ZipSizes sizes = ZipSizes::InHeader);

}  // namespace postmortem::test
