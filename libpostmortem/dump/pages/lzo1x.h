// Decodes LZO1X, the format of LZO pages (makedumpfile -l). Its stream is described in the kernel's
// Documentation/staging/lzo.rst.
#pragma once

#include "base/bytes.h"

namespace postmortem {

/// Whether `packed` is one whole stream that fills `out` exactly. Never reads or writes outside of them.
bool decompress_lzo1x(Bytes packed, MutableBytes out);

}  // namespace postmortem
