#include "symbols/symbol_table.h"

#include <algorithm>
#include <numeric>

namespace postmortem {

SymbolList::SymbolList(std::string source, std::vector<Symbol> symbols)
    : source_(std::move(source)), by_address_(std::move(symbols)), by_name_(by_address_.size()) {
    std::stable_sort(by_address_.begin(), by_address_.end(),
                     [](const Symbol& a, const Symbol& b) { return a.address < b.address; });
    std::iota(by_name_.begin(), by_name_.end(), 0u);
    std::stable_sort(by_name_.begin(), by_name_.end(),
                     [&](auto a, auto b) { return by_address_[a].name < by_address_[b].name; });
}

Result<std::uint64_t> SymbolList::address_of(std::string_view name) const {
    const auto at =
        std::lower_bound(by_name_.begin(), by_name_.end(), name,
                         [&](auto index, std::string_view n) { return by_address_[index].name < n; });
    if (at == by_name_.end() || by_address_[*at].name != name)
        return fail(ErrorCode::NotFound, "no symbol named " + std::string(name));
    return by_address_[*at].address;
}

Result<SymbolHit> SymbolList::containing(std::uint64_t address) const {
    const auto above = std::upper_bound(by_address_.begin(), by_address_.end(), address,
                                        [](std::uint64_t a, const Symbol& s) { return a < s.address; });
    if (above == by_address_.begin())
        return fail(ErrorCode::NotFound, "no symbol covers the address", address);
    const auto first = std::lower_bound(by_address_.begin(), above, std::prev(above)->address,
                                        [](const Symbol& s, std::uint64_t a) { return s.address < a; });
    return SymbolHit{*first, above == by_address_.end() ? 0 : above->address - first->address, {}};
}

Result<void> SymbolList::for_each(const std::function<bool(const Symbol&)>& visit) const {
    for (const Symbol& symbol : by_address_)
        if (!visit(symbol)) break;
    return {};
}

}  // namespace postmortem
