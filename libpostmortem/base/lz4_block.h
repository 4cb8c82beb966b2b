// The front of an LZ4 block whose end is lost: the library gives of a block all or nothing (lz4's
// doc/lz4_Block_format.md).
#pragma once

#include "base/bytes.h"

namespace postmortem {

/// Fills the front of `out`, and gives how much of it. `history` is what the block may refer back to.
std::size_t unpack_lz4_front(Bytes block, Bytes history, MutableBytes out);

}  // namespace postmortem
