#include <fmt/format.h>

#include <postmortem/symbol_list.h>

#include "base/text.h"

namespace postmortem {

std::string to_text(const SymbolListing& listing) {
    bool in_list = false;  // between the marks of a module its name is not repeated
    std::string out;
    for (const ListedSymbol& symbol : listing.symbols) {
        if (symbol.mark != ListedSymbol::Mark::None) {
            in_list = symbol.mark == ListedSymbol::Mark::ModuleStart;
            out += fmt::format("{:x} MODULE {}{}{}: {}\n", symbol.address, escaped(symbol.name),
                               symbol.name.empty() ? "" : " ", in_list ? "START" : "END",
                               escaped(symbol.module));
            continue;
        }
        out += fmt::format("{:x} ({}) {}", symbol.address, symbol.type, escaped(symbol.name));
        if (symbol.offset != 0) out += fmt::format("+{}", symbol.offset);
        if (!symbol.module.empty() && !in_list) out += fmt::format(" [{}]", escaped(symbol.module));
        out += '\n';
    }
    return out;
}

}  // namespace postmortem
