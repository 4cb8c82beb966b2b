#include <postmortem/symbol_list.h>

#include "commands.h"

namespace tool {
namespace {

using postmortem::SymbolListRequest;

Syntax syntax() {
    Syntax syntax{
        "DUMP [SYMBOL|ADDRESS...]",
        "Says where symbols lie, and which symbol an address is in, with the type as nm has it; also those\n"
        "of modules.\n\n"
        "  postmortem sym vmcore jiffies\n"
        "  postmortem sym vmcore ffffffff9fe114f5\n"
        "  postmortem sym vmcore -q sched_clock\n"};
    syntax.has_ndjson = true;
    syntax.options = {on_or_off("list,l", "all symbols of the kernel and of its modules"),
                      on_or_off("modules,M", "all symbols of the modules"),
                      texts("module,m", "MODULE", "all symbols of this module"),
                      on_or_off("previous,p", "the symbol before, too"),
                      on_or_off("next,n", "the symbol behind, too"),
                      texts("query,q", "TEXT", "all symbols whose names contain this")};
    syntax.rules.alone = {{"list"}, {"modules"}, {"module"}, {"query"}};
    syntax.rules.drops_operands = {"list", "modules"};
    syntax.rules.without_operands = {"module", "query"};
    return syntax;
}

int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    SymbolListRequest request;
    request.words = arguments.rest;
    request.previous = arguments.has("previous");
    request.next = arguments.has("next");
    if (arguments.has("list")) {
        request.which = SymbolListRequest::Which::All;
    } else if (arguments.has("modules")) {
        request.which = SymbolListRequest::Which::OfModules;
        request.words.clear();
    } else if (arguments.has("module")) {
        request.which = SymbolListRequest::Which::OfModules;
        request.words = arguments.texts("module");
    } else if (arguments.has("query")) {
        request.which = SymbolListRequest::Which::Containing;
        request.words = arguments.texts("query");
    } else if (request.words.empty()) {
        return output.complain("sym: no symbol and no address is given; see `postmortem sym --help`");
    }
    const auto listing = postmortem::find_symbols(dump, request);
    if (!listing) return output.finish(listing.error());
    output.expect_much();
    return print(arguments, *listing, output);
}

}  // namespace

const Command sym_command = {"sym", "where symbols lie, and what lies at an address", syntax, ask, nullptr};

}  // namespace tool
