// A file that lies within another one, in one piece or in several.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dump/byte_source.h"

namespace postmortem {

/// Bytes [begin, begin + size) of the member lie at `at` in the archive.
struct MemberPiece {
    std::uint64_t begin = 0, size = 0, at = 0;
};

/// `pieces` ascend and do not overlap; what lies between them is zero, as in the sparse file that was packed.
/// Where the archive ends early, so does the member.
std::unique_ptr<ByteSource> make_member(std::shared_ptr<const ByteSource> archive, const std::string& name,
                                        std::string_view kind, std::vector<MemberPiece> pieces,
                                        std::uint64_t size);

}  // namespace postmortem
