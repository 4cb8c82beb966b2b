// `mod` as crash prints it.
#include <algorithm>

#include <fmt/format.h>

#include <postmortem/loaded_modules.h>

#include "base/text.h"

namespace postmortem {
namespace {

std::string centred(std::string_view text, std::size_t width) {
    const std::size_t room = width > text.size() ? width - text.size() : 0;
    return std::string(room / 2, ' ') + std::string(text) + std::string(room - room / 2, ' ');
}

std::size_t longest_name(const std::vector<LoadedModule>& modules, std::size_t least) {
    for (const LoadedModule& module : modules) least = std::max(least, module.name.size());
    return least;
}

}  // namespace

std::string to_text(const LoadedModules& list) {
    if (list.modules.empty()) return {};
    constexpr std::size_t name_title = 4, bytes_title = 4;
    const std::size_t name_width = longest_name(list.modules, name_title);
    std::size_t bytes_width = bytes_title;
    for (const LoadedModule& module : list.modules)
        bytes_width = std::max(bytes_width, fmt::format("{}", module.bytes).size());
    const std::size_t digits = list.address_digits;
    std::string out =
        fmt::format("{}  {:<{}}  {}  {:>{}}  OBJECT FILE\n", centred("MODULE", digits), "NAME", name_width,
                    centred(list.in_pieces ? "TEXT_BASE" : "BASE", digits), "SIZE", bytes_width);
    for (const LoadedModule& module : list.modules) {
        const bool known = module.text_base != 0;
        out += fmt::format("{:0{}x}  {:<{}}  {:>{}}  {:>{}}  (not loaded){}\n", module.address, digits,
                           escaped(module.name), name_width,
                           known ? fmt::format("{:0{}x}", module.text_base, digits) : "-", digits,
                           known ? fmt::format("{}", module.bytes) : "-", bytes_width,
                           module.has_symbols ? "  [CONFIG_KALLSYMS]" : "");
    }
    return out;
}

std::string taints_to_text(const LoadedModules& list) {
    std::vector<LoadedModule> tainted;
    const bool unread = std::any_of(list.modules.begin(), list.modules.end(),
                                    [](const LoadedModule& module) { return !module.taint_mask; });
    for (const LoadedModule& module : list.modules)
        if (module.taint_mask.value_or(0) != 0) tainted.push_back(module);
    if (tainted.empty()) return unread ? "" : "no tainted modules\n";
    const std::size_t width = longest_name(tainted, 4);
    std::string out = fmt::format("{:<{}}  TAINTS\n", "NAME", width);
    for (const LoadedModule& module : tainted)
        out += fmt::format("{:<{}}  {}\n", escaped(module.name), width, module.taint_letters);
    return out;
}

}  // namespace postmortem
