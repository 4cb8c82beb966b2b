#include "report/values/symbolic.h"

#include <fmt/format.h>

#include "kernel/module/modules.h"

namespace postmortem {
namespace {

constexpr std::uint64_t largest_variable = 64 << 10;  // in which anything is pointed at

}  // namespace

// _text is where the image starts (include/asm-generic/sections.h), _stext where its code does.
SymbolicNames::SymbolicNames(const Kernel& kernel) : kernel_(kernel), symbols_(kernel) {
    const auto text = kernel.symbol("_text"), code = kernel.symbol("_stext"), end = kernel.symbol("_end");
    if (!end || (!text && !code)) return;
    first_ = text ? *text : *code;
    end_ = *end;
}

std::optional<SymbolHit> SymbolicNames::hit(std::uint64_t address) const {
    const bool in_image = address >= first_ && address < end_;
    if (!in_image && !kernel_.names_functions_alone() && kernel_.modules().find(address) == nullptr)
        return std::nullopt;
    return symbols_.at(address);
}

std::optional<SymbolHit> SymbolicNames::named(std::uint64_t address, bool of_characters) const {
    auto found = hit(address);
    if (!found) return std::nullopt;
    const std::uint64_t offset = address - found->symbol.address;
    const char type = found->symbol.type;
    const bool is_code = type == 't' || type == 'T' || type == 'w' || type == 'W';
    const bool is_read_only = type == 'r' || type == 'R';
    if (!is_code && (offset > largest_variable || (of_characters && is_read_only && offset != 0)))
        return std::nullopt;
    return found;
}

std::string SymbolicNames::of(std::uint64_t address, bool of_characters) const {
    const auto found = named(address, of_characters);
    if (!found) return {};
    const std::uint64_t offset = address - found->symbol.address;
    return offset == 0 ? found->symbol.name : fmt::format("{}+{}", found->symbol.name, offset);
}

}  // namespace postmortem
