#include "report/values/formatted_number_text.h"

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

}  // namespace

bool is_number(ValueKind kind) {
    switch (kind) {
        case ValueKind::Integer:
        case ValueKind::Character:
        case ValueKind::Boolean:
        case ValueKind::Enumeration:
        case ValueKind::Pointer: return true;
        default: return false;
    }
}

std::string formatted_number(const ValueNode& node, char format) {
    const std::uint64_t bits = bits_of(node);
    switch (format) {
        case 'x': return fmt::format("{:#x}", bits);
        case 'z': return fmt::format("0x{:0{}x}", bits, node.byte_size * 2);
        case 'o': return bits == 0 ? "0" : fmt::format("0{:o}", bits);
        case 't': return fmt::format("{:b}", bits);
        case 'u': return fmt::format("{}", bits);
        case 'a': return fmt::format("{:#x}{}", bits, node.symbol.empty() ? "" : " <" + node.symbol + ">");
        case 'c': {
            const auto byte = static_cast<unsigned char>(bits);
            return fmt::format("{} {}", node.is_signed ? int{static_cast<signed char>(byte)} : int{byte},
                               c_character(byte));
        }
        default: return fmt::format("{}", signed_value(node));
    }
}

}  // namespace postmortem
