#include <algorithm>
#include <optional>
#include <set>
#include <utility>

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
    return syntax;
}

// Nothing where the option asks for no list of its own.
std::optional<SymbolListRequest> list_asked_by(const std::string& option, const Arguments& arguments) {
    using Which = SymbolListRequest::Which;
    SymbolListRequest request;
    if (option == "list" || option == "modules") {
        request.which = option == "list" ? Which::All : Which::OfModules;
        return request;
    }
    if (option != "module" && option != "query") return std::nullopt;
    request.which = option == "module" ? Which::OfModules : Which::Containing;
    request.words = arguments.texts(option);
    return request;
}

// Lists in the order of their options, then what is named, as crash does.
std::vector<SymbolListRequest> requests_of(const Arguments& arguments) {
    std::vector<SymbolListRequest> requests;
    std::set<std::string> seen;
    for (const std::string& option : arguments.given.order)
        if (auto list = list_asked_by(option, arguments); list && seen.insert(option).second)
            requests.push_back(std::move(*list));
    if (arguments.rest.empty()) return requests;
    SymbolListRequest& named = requests.emplace_back();
    named.words = arguments.rest;
    named.previous = arguments.has("previous");
    named.next = arguments.has("next");
    return requests;
}

int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    const std::vector<SymbolListRequest> requests = requests_of(arguments);
    if (requests.empty())
        return output.complain("sym: no symbol and no address is given; see `postmortem sym --help`");
    if (requests.size() > 1 && (arguments.json || arguments.ndjson))
        return output.complain("sym: --json and --ndjson are about one of -l, -M, -m, -q and what is named");
    for (const auto& [option, letter] : {std::pair{"previous", "-p"}, {"next", "-n"}})
        if (arguments.has(option) && arguments.rest.empty())
            output.complain(std::string("sym: ") + letter + " makes no difference where nothing is named");
    output.expect_much();
    int worst = whole_answer;
    for (const SymbolListRequest& request : requests) {
        const auto listing = postmortem::find_symbols(dump, request);
        worst =
            std::max(worst, listing ? print(arguments, *listing, output) : output.finish(listing.error()));
    }
    return worst;
}

}  // namespace

const Command sym_command = {"sym", "where symbols lie, and what lies at an address", syntax, ask, nullptr};

}  // namespace tool
