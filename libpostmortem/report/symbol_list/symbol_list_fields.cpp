#include <postmortem/symbol_list.h>

#include "output/json.h"

namespace postmortem {

void describe(Describer<ListedSymbol>& symbol) {
    symbol.add("address", &ListedSymbol::address, "`offset` bytes into it").address();
    symbol.add(
        "type", [](const ListedSymbol& one) { return std::string(1, one.type); }, "as nm prints it");
    symbol
        .add("name", &ListedSymbol::name,
             "its name; of a module's mark the kind of memory, since 6.4: TEXT, DATA, …")
        .or_null();
    symbol.add("offset", &ListedSymbol::offset, "how far into it the address that was asked for lies");
    symbol.add("module", &ListedSymbol::module, "that it is in; null for the kernel itself").or_null();
    symbol.add("mark", &ListedSymbol::mark, "`start` and `end` of a module are no symbols")
        .one_of({"none", "start", "end"});
}

void describe(Describer<SymbolListing>& listing) {
    listing.is_document();
    listing.add("symbols", &SymbolListing::symbols, "in the order of their addresses").answer();
    add_problems(listing);
}

std::string to_json(const SymbolListing& listing) {
    return json_document(listing);
}

std::string to_ndjson(const SymbolListing& listing) {
    return ndjson_lines(listing);
}

}  // namespace postmortem
