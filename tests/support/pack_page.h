// Compresses a page with each of the codecs that producers of dumps use.
#pragma once

#include <vector>

#include "base/bytes.h"
#include "dump/codec.h"

namespace postmortem::test {

/// Needs the codec to be part of this build.
std::vector<std::byte> pack_page(Codec codec, Bytes page);

}  // namespace postmortem::test
