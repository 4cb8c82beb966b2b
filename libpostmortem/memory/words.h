// Longs of the crashed machine, which are four or eight bytes wide.
#pragma once

#include <cstdint>
#include <vector>

#include "memory/address_space.h"

namespace postmortem {

/// A long or an atomic_long_t.
inline Result<std::int64_t> signed_word(const AddressSpace& memory, std::uint64_t address) {
    const bool narrow = memory.word_size() == 4;
    return memory.word(address).map([narrow](std::uint64_t value) {
        return narrow ? std::int64_t{static_cast<std::int32_t>(value)} : static_cast<std::int64_t>(value);
    });
}

/// An array of them. The caller has bounded `count`.
inline Result<std::vector<std::int64_t>> signed_words(const AddressSpace& memory, std::uint64_t address,
                                                      std::size_t count) {
    const std::size_t size = memory.word_size();
    const auto raw = memory.bytes(address, count * size);
    if (!raw) return fail(raw.error());
    std::vector<std::int64_t> words(count);
    for (std::size_t i = 0; i < count; ++i) {
        const std::byte* at = raw->data() + i * size;
        words[i] = size == 4 ? std::int64_t{load<std::int32_t>(at, memory.endian())}
                             : load<std::int64_t>(at, memory.endian());
    }
    return words;
}

/// IS_ERR() (include/linux/err.h): a pointer's last 4095 values are error codes.
inline bool is_error_pointer(const AddressSpace& memory, std::uint64_t pointer) {
    constexpr std::uint64_t most_errors = 4095;
    const std::uint64_t last = memory.word_size() == 4 ? 0xffffffff : ~std::uint64_t{0};
    return pointer > last - most_errors && pointer <= last;
}

/// What an address is that was computed with offsets which may be negative: it wraps around as the machine's
/// do.
inline std::uint64_t wrapped(const AddressSpace& memory, std::uint64_t address) {
    return memory.word_size() == 4 ? address & 0xffffffff : address;
}

}  // namespace postmortem
