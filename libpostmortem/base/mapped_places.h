// Which files are mapped where, so that the handler of a SIGBUS can name the one that could not be read.
#pragma once

#include <string_view>

#include "base/bytes.h"

namespace postmortem {

/// Of a few dozen mappings; what does not fit is not known later.
void note_mapping(Bytes mapping, std::string_view path) noexcept;
void forget_mapping(Bytes mapping) noexcept;

}  // namespace postmortem
