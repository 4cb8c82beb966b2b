// The prefixes of an instruction, and which of them mean nothing to it, so that they are written as words.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/bytes.h"

namespace postmortem::x86 {

struct CodePrefixes {
    std::array<std::uint8_t, 15> bytes{};
    std::size_t count = 0;     ///< of the legacy ones
    std::uint8_t segment = 0;  ///< the last of each kind, 0 where there is none
    std::uint8_t repeat = 0;
    bool lock = false, operand_size = false, address_size = false;
    std::uint8_t rex = 0;

    std::size_t length() const { return count + (rex != 0 ? 1 : 0); }
    bool wide() const { return (rex & 8) != 0; }
};

CodePrefixes read_prefixes(Bytes code, bool long_mode);

/// Which prefixes the instruction itself says already.
struct SpokenPrefixes {
    bool segment = false, repeat = false, operand_size = false, address_size = false;
};

/// "lock ", "data16 cs ", in the order in which they stand. `repeat_word` is how 0xf3 is called here.
std::string prefix_words(const CodePrefixes& prefixes, const SpokenPrefixes& spoken, bool long_mode,
                         const char* repeat_word);

}  // namespace postmortem::x86
