// Which files are mapped where, so that the handler of a SIGBUS can name the one that could not be read, and
// that none of them is written over.
#pragma once

#include <string_view>

#include <sys/stat.h>

#include "base/bytes.h"

namespace postmortem {

/// Of a few dozen mappings; what does not fit is not known later.
void note_mapping(Bytes mapping, std::string_view path, const struct stat& file) noexcept;
void forget_mapping(Bytes mapping) noexcept;
bool is_mapped(const struct stat& file) noexcept;

}  // namespace postmortem
