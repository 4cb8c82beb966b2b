#include "report/values/formatted_number_text.h"

#include <bit>

#include <fmt/format.h>

#include "output/c_characters.h"

namespace postmortem {
namespace {

std::uint64_t bits_of(const ValueNode& node) {
    const unsigned bits = node.byte_size * 8;
    return bits == 0 || bits >= 64 ? node.number : node.number & ((1ull << bits) - 1);
}

std::int64_t signed_value(const ValueNode& node) {
    const unsigned unused = node.byte_size == 0 || node.byte_size >= 8 ? 0 : 64 - node.byte_size * 8;
    return static_cast<std::int64_t>(node.number << unused) >> unused;
}

// As gdb does it, the bytes are what is shown, but as characters and addresses the whole number in them.
std::string formatted_floating(const ValueNode& node, char format) {
    if (format == 'f') return floating_text(node);
    ValueNode bytes = node;
    bytes.kind = ValueKind::Integer;
    bytes.is_signed = true;
    const bool fits = node.floating > -9.2e18 && node.floating < 9.2e18;
    if (format != 'c' && format != 'a')
        bytes.number = node.byte_size == 4 ? std::bit_cast<std::uint32_t>(static_cast<float>(node.floating))
                                           : std::bit_cast<std::uint64_t>(node.floating);
    else if (fits)
        bytes.number = static_cast<std::uint64_t>(static_cast<std::int64_t>(node.floating));
    else
        return floating_text(node);
    return formatted_number(bytes, format);
}

// The bytes of a number, taken for a floating one; of other sizes than these have, the number.
std::string as_floating(const ValueNode& node) {
    ValueNode made = node;
    const std::uint64_t bits = bits_of(node);
    if (node.byte_size == 4)
        made.floating = double{std::bit_cast<float>(static_cast<std::uint32_t>(bits))};
    else if (node.byte_size == 8)
        made.floating = std::bit_cast<double>(bits);
    else
        return formatted_number(node, node.is_signed ? 'd' : 'u');
    return floating_text(made);
}

}  // namespace

bool is_number(ValueKind kind) {
    switch (kind) {
        case ValueKind::Integer:
        case ValueKind::Character:
        case ValueKind::Boolean:
        case ValueKind::Enumeration:
        case ValueKind::Floating:
        case ValueKind::Pointer: return true;
        default: return false;
    }
}

std::string floating_text(const ValueNode& node) {
    return node.byte_size == 4 ? fmt::format("{:.9g}", node.floating) : fmt::format("{:.17g}", node.floating);
}

std::string formatted_number(const ValueNode& node, char format) {
    if (node.kind == ValueKind::Floating) return formatted_floating(node, format);
    const std::uint64_t bits = bits_of(node);
    switch (format) {
        case 'f': return as_floating(node);
        case 'x': return fmt::format("{:#x}", bits);
        case 'z': return fmt::format("0x{:0{}x}", bits, node.byte_size * 2);
        case 'o': return bits == 0 ? "0" : fmt::format("0{:o}", bits);
        case 't': return fmt::format("{:b}", bits);
        case 'u': return fmt::format("{}", bits);
        case 'a':
            return fmt::format("{:#x}{}",
                               node.is_signed ? static_cast<std::uint64_t>(signed_value(node)) : bits,
                               node.symbol.empty() ? "" : " <" + node.symbol + ">");
        case 'c': {
            const auto byte = static_cast<unsigned char>(bits);
            return fmt::format("{} {}", node.is_signed ? int{static_cast<signed char>(byte)} : int{byte},
                               c_character(byte));
        }
        default: return fmt::format("{}", signed_value(node));
    }
}

}  // namespace postmortem
