// Compresses a page with each of the codecs that producers of dumps use.
#pragma once

#include <vector>

#include "base/bytes.h"
#include "dump/pages/codec.h"

namespace postmortem::test {

/// Whether there is a compressor for it: liblzo2 is optional.
bool can_pack(Codec codec);

std::vector<std::byte> pack_page(Codec codec, Bytes page);

}  // namespace postmortem::test
