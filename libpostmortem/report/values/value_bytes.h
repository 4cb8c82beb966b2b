// The bytes of one object: read from the dump as far as it holds them, or computed.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "memory/address_space.h"

namespace postmortem {

class ValueBytes {
  public:
    /// Larger ones are cut: the kernel has no such struct.
    static constexpr std::uint64_t most_bytes = 64ull << 20;

    /// What cannot be read is missing.
    static ValueBytes at(const AddressSpace& memory, std::uint64_t address, std::uint64_t size);
    static ValueBytes of(std::uint64_t number, Endian endian);

    bool holds(std::uint64_t offset, std::uint64_t size) const;
    Bytes slice(std::uint64_t offset, std::uint64_t size) const {
        return Bytes(bytes_).subspan(offset, size);
    }
    /// A number of up to eight bytes that is held.
    std::uint64_t number(std::uint64_t offset, std::uint64_t size) const;
    /// The same of `bits` from bit `bit_offset` on; nothing where it is not held.
    std::optional<std::uint64_t> bits(std::uint64_t bit_offset, std::uint32_t bits) const;

    Endian endian() const { return endian_; }
    /// Where it lies; nothing for a computed value.
    std::optional<std::uint64_t> address() const { return address_; }
    /// Why a part is missing.
    const std::optional<Error>& error() const { return error_; }

  private:
    std::vector<std::byte> bytes_;
    std::vector<bool> missing_;  ///< by page from that of `address_` on; empty where nothing is
    std::optional<std::uint64_t> address_;
    std::optional<Error> error_;
    Endian endian_ = host_endian;
};

}  // namespace postmortem
