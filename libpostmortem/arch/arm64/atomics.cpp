#include "arch/arm64/atomics.h"

#include <array>

#include <fmt/format.h>

namespace postmortem::arm64 {
namespace {

unsigned field(std::uint32_t word, unsigned low, unsigned bits) {
    return word >> low & ((1u << bits) - 1);
}

std::string general(unsigned number, bool wide) {
    if (number == 31) return wide ? "xzr" : "wzr";
    return fmt::format("{}{}", wide ? 'x' : 'w', number);
}

std::string base(unsigned number) {
    return number == 31 ? "[sp]" : fmt::format("[x{}]", number);
}

// Acquire and release, then bytes and halves.
std::string ending(bool acquires, bool releases, unsigned size) {
    return fmt::format("{}{}{}", acquires ? "a" : "", releases ? "l" : "",
                       size == 0   ? "b"
                       : size == 1 ? "h"
                                   : "");
}

std::optional<std::string> operation_text(std::uint32_t word) {
    if ((word & 0x3f200c00) != 0x38200000) return std::nullopt;
    constexpr std::array<const char*, 8> operations = {"add",  "clr",  "eor",  "set",
                                                       "smax", "smin", "umax", "umin"};
    const unsigned size = field(word, 30, 2), operation = field(word, 12, 3), target = field(word, 0, 5);
    const bool acquires = field(word, 23, 1), releases = field(word, 22, 1), swaps = field(word, 15, 1);
    if (swaps && operation != 0) return std::nullopt;
    const bool stores = !swaps && !acquires && target == 31;  // what was there before is not wanted
    const std::string name = swaps ? "swp" : fmt::format("{}{}", stores ? "st" : "ld", operations[operation]);
    const std::string source = general(field(word, 16, 5), size == 3), place = base(field(word, 5, 5));
    const std::string head = name + ending(acquires, releases, size);
    if (stores) return fmt::format("{}\t{}, {}", head, source, place);
    return fmt::format("{}\t{}, {}, {}", head, source, general(target, size == 3), place);
}

std::optional<std::string> compare_text(std::uint32_t word) {
    const unsigned source = field(word, 16, 5), target = field(word, 0, 5);
    const bool acquires = field(word, 22, 1), releases = field(word, 15, 1);
    const std::string place = base(field(word, 5, 5));
    if ((word & 0x3fa07c00) == 0x08a07c00) {
        const unsigned size = field(word, 30, 2);
        return fmt::format("cas{}\t{}, {}, {}", ending(acquires, releases, size), general(source, size == 3),
                           general(target, size == 3), place);
    }
    if ((word & 0xbfa07c00) != 0x08207c00 || source % 2 != 0 || target % 2 != 0) return std::nullopt;
    const bool wide = field(word, 30, 1);
    return fmt::format("casp{}\t{}, {}, {}, {}, {}", ending(acquires, releases, 2), general(source, wide),
                       general(source + 1, wide), general(target, wide), general(target + 1, wide), place);
}

}  // namespace

std::optional<std::string> atomic_text(std::uint32_t word) {
    auto text = operation_text(word);
    return text ? text : compare_text(word);
}

}  // namespace postmortem::arm64
