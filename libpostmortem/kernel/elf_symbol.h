// A symbol as ELF keeps it in memory, of either width: modules bring theirs so (include/uapi/linux/elf.h).
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace postmortem {

struct ElfSymbol {
    std::uint32_t name = 0;  ///< in the table of strings
    std::uint64_t value = 0, size = 0;
    std::uint8_t info = 0;
    std::uint16_t section = 0;  ///< 0: it is another's
};

struct ElfSymbolForm {
    bool wide = true;

    std::uint64_t bytes() const { return wide ? 24 : 16; }
    /// `table` holds that many, and more.
    ElfSymbol read(const ByteReader& table, std::uint64_t index) const {
        const std::uint64_t at = index * bytes();
        if (wide)
            return {*table.u32(at), *table.u64(at + 8), *table.u64(at + 16), *table.u8(at + 4),
                    *table.u16(at + 6)};
        return {*table.u32(at), *table.u32(at + 4), *table.u32(at + 8), *table.u8(at + 12),
                *table.u16(at + 14)};
    }
};

}  // namespace postmortem
