#include "arch/x86/entry_flags.h"

#include <array>
#include <utility>

namespace postmortem::x86 {

std::vector<std::string_view> entry_flags(std::uint64_t entry) {
    using Bit = std::pair<unsigned, std::string_view>;
    constexpr std::array bits = {Bit{0, "PRESENT"}, Bit{1, "RW"},       Bit{2, "USER"},  Bit{3, "PWT"},
                                 Bit{4, "PCD"},     Bit{5, "ACCESSED"}, Bit{6, "DIRTY"}, Bit{7, "PSE"},
                                 Bit{8, "GLOBAL"},  Bit{63, "NX"}};
    std::vector<std::string_view> names;
    for (const auto& [bit, name] : bits)
        if (entry >> bit & 1) names.push_back(name);
    return names;
}

}  // namespace postmortem::x86
