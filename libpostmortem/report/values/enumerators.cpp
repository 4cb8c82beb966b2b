#include "report/values/enumerators.h"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

namespace postmortem {
namespace {

// Each but 0 is one bit, as gdb has it.
bool is_of_flags(const Type& type) {
    return std::all_of(type.enumerators.begin(), type.enumerators.end(), [](const Enumerator& item) {
        return item.value >= 0 && std::popcount(static_cast<std::uint64_t>(item.value)) <= 1;
    });
}

}  // namespace

std::string enumerator_text(const Type& type, std::int64_t value) {
    for (const Enumerator& item : type.enumerators)
        if (item.value == value) return item.name;
    if (!is_of_flags(type)) return fmt::format("{}", value);
    if (value == 0) return "0";
    std::string words;
    auto rest = static_cast<std::uint64_t>(value);
    for (const Enumerator& item : type.enumerators) {
        const auto bits = static_cast<std::uint64_t>(item.value);
        if (bits == 0 || (rest & bits) == 0) continue;
        words += fmt::format("{}{}", words.empty() ? "" : " | ", item.name);
        rest &= ~bits;
    }
    if (rest != 0) words += fmt::format("{}unknown: {:#x}", words.empty() ? "" : " | ", rest);
    return fmt::format("({})", words);
}

}  // namespace postmortem
