// The codecs that compress single pages in a dump. Which one it was is told page by page.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace postmortem {

/// The values are the flag bits of a page descriptor in the kdump-compressed format (makedumpfile:
/// diskdump_mod.h).
enum class Codec : std::uint32_t { Raw = 0, Zlib = 1, Lzo = 2, Snappy = 4, Zstd = 0x20 };

std::string_view to_string(Codec codec);

/// Decompresses `packed` so that it fills `page` exactly; whatever length the data announces, never more is
/// written. Errors: Corrupt. Safe to call from several threads at once.
Result<void> decompress(Codec codec, Bytes packed, MutableBytes page);

}  // namespace postmortem
