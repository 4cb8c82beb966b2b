// What a file that is no dump looks like, so that the error can say what to do next.
#pragma once

#include <string>

#include "base/bytes.h"

namespace postmortem {

/// One sentence about a file that starts with `head` and is `size` bytes long, ending with the next step
/// where there is one, e.g. "it is compressed with gzip; decompress it first (gunzip)".
std::string describe_unknown_file(Bytes head, std::uint64_t size);

}  // namespace postmortem
