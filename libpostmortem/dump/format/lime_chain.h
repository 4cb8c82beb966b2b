// The chain of LiME's range headers: each stands where the memory of the range before it ends. One that is
// damaged breaks the chain, and where it goes on tells what the header said.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "dump/byte_source.h"

namespace postmortem {

inline constexpr std::uint32_t lime_magic = 0x4c694d45;  // "EMiL" in the file
inline constexpr std::uint64_t lime_header_size = 32;

struct LimeRange {
    std::uint64_t first = 0, last = 0;  ///< physical addresses
    std::uint64_t at = 0;               ///< of its header in the file

    std::uint64_t size() const { return last - first + 1; }
    std::uint64_t data_at() const { return at + lime_header_size; }
    std::uint64_t end_at() const { return data_at() + size(); }
};

struct LimeChain {
    std::vector<LimeRange> ranges;  ///< whose address is certain; the last one may be cut off
    std::vector<Error> problems;
    std::optional<Error> unsure;  ///< why an address that no range has may yet be in the file
};

/// Errors: Unsupported (a version other than 1, too many ranges).
Result<LimeChain> read_lime_chain(const ByteSource& source);

}  // namespace postmortem
