// Arithmetic on sizes and addresses that come from a dump: overflow is an answer, not an accident.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>

namespace postmortem {

template <std::unsigned_integral T>
std::optional<T> checked_add(T a, std::type_identity_t<T> b) {
    T sum;
    if (__builtin_add_overflow(a, b, &sum)) return std::nullopt;
    return sum;
}

template <std::unsigned_integral T>
std::optional<T> checked_mul(T a, std::type_identity_t<T> b) {
    T product;
    if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
    return product;
}

/// Adds numbers that a damaged dump may have made absurd: wraps round, where plain signed addition is
/// undefined.
constexpr std::int64_t wrapping_add(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

template <std::unsigned_integral T>
constexpr T align_up(T value, std::type_identity_t<T> alignment) {
    return (value + alignment - 1) / alignment * alignment;
}

template <std::unsigned_integral T>
constexpr T align_down(T value, std::type_identity_t<T> alignment) {
    return value / alignment * alignment;
}

template <std::unsigned_integral T>
constexpr bool is_power_of_two(T value) {
    return value != 0 && (value & (value - 1)) == 0;
}

}  // namespace postmortem
