// What a module's name looks like (scripts/Makefile.lib, modname; struct module).
#pragma once

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <string_view>

namespace postmortem {

constexpr std::size_t longest_module_name = 64;  ///< MODULE_NAME_LEN is 56 or 60

inline bool is_module_name(std::string_view name) {
    const auto may_be_in_one = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
    };
    return !name.empty() && name.size() < longest_module_name &&
           std::all_of(name.begin(), name.end(), may_be_in_one);
}

}  // namespace postmortem
