// scripts/decode_stacktrace.sh puts files and lines where the kernel printed offsets: "f (fs/a.c:12 fs/b.h:3)
// nfs" for "f+0x12/0x34 [nfs]". One bug has one id, decoded or not.
#pragma once

#include <string>
#include <string_view>

namespace postmortem {

struct Undecoded {
    std::string text;    ///< as the kernel had it, but for the offsets, which are gone: "f+0x0/0x0 [nfs]"
    std::string source;  ///< the first place: "fs/a.c:12"
};

/// An empty text where the line was not decoded.
Undecoded undecoded(std::string_view line);

}  // namespace postmortem
