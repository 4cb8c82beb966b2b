// Bounds-checked, endian-aware reading of untrusted bytes. Every structure that comes out of a dump is read
// through a ByteReader, so that a wrong offset is an Error and never a wild access.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <postmortem/error.h>

namespace postmortem {

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

inline constexpr std::uint64_t bytes_per_kib = 1024;

/// Leaves new elements as they are: for buffers that are filled next.
template <class T>
struct UninitializedAllocator : std::allocator<T> {
    template <class U>
    struct rebind {
        using other = UninitializedAllocator<U>;
    };
    template <class U>
    void construct(U* place) {
        ::new (static_cast<void*>(place)) U;
    }
    template <class U, class... Arguments>
    void construct(U* place, Arguments&&... arguments) {
        std::construct_at(place, std::forward<Arguments>(arguments)...);
    }
};

using ByteBuffer = std::vector<std::byte, UninitializedAllocator<std::byte>>;

enum class Endian { Little, Big };

constexpr Endian host_endian = std::endian::native == std::endian::little ? Endian::Little : Endian::Big;

constexpr std::uint16_t byte_swap(std::uint16_t v) {
    return __builtin_bswap16(v);
}
constexpr std::uint32_t byte_swap(std::uint32_t v) {
    return __builtin_bswap32(v);
}
constexpr std::uint64_t byte_swap(std::uint64_t v) {
    return __builtin_bswap64(v);
}
constexpr std::uint8_t byte_swap(std::uint8_t v) {
    return v;
}

/// Reads an integer from memory of unknown alignment. The caller has checked that sizeof(T) bytes are there.
template <std::integral T>
T load(const std::byte* from, Endian endian = host_endian) {
    std::make_unsigned_t<T> value;
    std::memcpy(&value, from, sizeof value);
    return static_cast<T>(endian == host_endian ? value : byte_swap(value));
}

template <std::integral T>
void store(std::byte* to, T value, Endian endian = host_endian) {
    auto raw = static_cast<std::make_unsigned_t<T>>(value);
    if (endian != host_endian) raw = byte_swap(raw);
    std::memcpy(to, &raw, sizeof raw);
}

inline Bytes as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

inline std::string_view as_text(Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The text up to the first NUL, or all of it where there is none.
inline std::string_view until_nul(std::string_view text) {
    return text.substr(0, text.find('\0'));
}

/// A view of bytes with checked access. It borrows: the bytes must outlive it.
class ByteReader {
  public:
    ByteReader() = default;
    explicit ByteReader(Bytes bytes, Endian endian = host_endian) : bytes_(bytes), endian_(endian) {}

    std::uint64_t size() const { return bytes_.size(); }
    Endian endian() const { return endian_; }
    Bytes bytes() const { return bytes_; }

    bool holds(std::uint64_t offset, std::uint64_t length) const {
        return offset <= bytes_.size() && length <= bytes_.size() - offset;
    }

    /// The integer at `offset`, or nothing where it would reach past the end.
    template <std::integral T>
    std::optional<T> get(std::uint64_t offset) const {
        if (!holds(offset, sizeof(T))) return std::nullopt;
        return load<T>(bytes_.data() + offset, endian_);
    }

    std::optional<std::uint8_t> u8(std::uint64_t offset) const { return get<std::uint8_t>(offset); }
    std::optional<std::uint16_t> u16(std::uint64_t offset) const { return get<std::uint16_t>(offset); }
    std::optional<std::uint32_t> u32(std::uint64_t offset) const { return get<std::uint32_t>(offset); }
    std::optional<std::uint64_t> u64(std::uint64_t offset) const { return get<std::uint64_t>(offset); }

    /// `length` bytes at `offset`, or nothing where they would reach past the end.
    std::optional<Bytes> slice(std::uint64_t offset, std::uint64_t length) const {
        if (!holds(offset, length)) return std::nullopt;
        return bytes_.subspan(offset, length);
    }

    /// The NUL-terminated text at `offset`; nothing where no NUL follows.
    std::optional<std::string_view> c_string(std::uint64_t offset) const {
        if (offset >= bytes_.size()) return std::nullopt;
        const std::string_view rest = as_text(bytes_.subspan(offset));
        const std::size_t end = rest.find('\0');
        if (end == std::string_view::npos) return std::nullopt;
        return rest.substr(0, end);
    }

  private:
    Bytes bytes_;
    Endian endian_ = host_endian;
};

}  // namespace postmortem
