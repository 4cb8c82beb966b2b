// The part of a kernel's types that somebody asks for, as BTF of some ten kilobytes: what a type file holds.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "types/type_finder.h"

namespace postmortem {

/// Takes every type that one of the words names, and what its wanted members lead to: members that a word
/// names, and the anonymous structs and unions around them. Structs keep their size whatever they lose.
/// `word_bytes` is the size of a pointer. Little-endian, as open_btf() reads it.
std::vector<std::byte> make_excerpt(const TypeFinder& types, std::span<const std::string_view> words,
                                    std::uint32_t word_bytes);

}  // namespace postmortem
