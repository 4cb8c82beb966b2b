#include <algorithm>
#include <map>

#include <fmt/format.h>

#include <postmortem/symbol_list.h>

#include "base/problem_collector.h"
#include "base/text.h"
#include "kernel/module/modules.h"
#include "report/values/symbolic.h"
#include "symbols/vmlinux.h"

namespace postmortem {
namespace {

struct ModulePart {
    std::string kind;  ///< TEXT, DATA, RODATA, …
    ModuleRange range;
};

class SymbolSearch {
  public:
    SymbolSearch(const Kernel& kernel, const SymbolListRequest& request)
        : kernel_(kernel), request_(request), names_(kernel) {}

    Result<SymbolListing> make();

  private:
    /// Visits every symbol of the kernel in ascending order, then those of each module.
    template <class Visit>
    Result<void> for_each(Visit visit);
    void add(const Symbol& symbol, std::string_view module, std::uint64_t offset = 0) {
        listing_.symbols.push_back(
            {symbol.address + offset, symbol.type, symbol.name, offset, std::string(module), {}});
    }
    void add_mark(const Module& module, std::uint64_t address, ListedSymbol::Mark mark,
                  std::string_view part = {}) {
        listing_.symbols.push_back({address, ' ', std::string(part), 0, module.name, mark});
    }
    std::vector<ModulePart> parts_of(const Module& module);
    Error why_unnamed(std::string_view name) const;
    Error why_uncovered(std::uint64_t address) const;
    void tell_unread(const Module& module, const Error& why);
    void tell_unnamed_data();
    void add_module_part(const Module& module, const ModulePart& part, const SymbolTable& symbols);
    void add_module(const Module& module);
    Result<void> add_modules();
    Result<void> add_named(std::string_view word);
    void add_neighbours(std::size_t from);

    const Kernel& kernel_;
    const SymbolListRequest& request_;
    SymbolicNames names_;
    SymbolListing listing_;
    ProblemCollector of_modules_;
    std::map<std::string, Error> unread_modules_;  ///< those whose symbols are not known
};

template <class Visit>
Result<void> SymbolSearch::for_each(Visit visit) {
    const auto table = kernel_.symbols();
    if (!table) return fail(table.error());
    auto done = (*table)->for_each([&](const Symbol& symbol) {
        visit(symbol, std::string_view());
        return true;
    });
    if (!done) return done;
    for (const Module& module : kernel_.modules().all()) {
        const auto symbols = kernel_.modules().symbols_of(module);
        if (!symbols) {
            tell_unread(module, symbols.error());
            continue;
        }
        (void)(*symbols)->for_each([&](const Symbol& symbol) {
            visit(symbol, std::string_view(module.name));
            return true;
        });
    }
    return {};
}

void SymbolSearch::tell_unread(const Module& module, const Error& why) {
    if (unread_modules_.emplace(module.name, why).second)
        of_modules_.add("the symbols", fmt::format("of module {}", module.name), why);
}

void SymbolSearch::tell_unnamed_data() {
    if (!kernel_.names_functions_alone()) return;
    listing_.problems.emplace_back(
        ErrorCode::MissingDebugInfo,
        fmt::format("data: the kernel's own symbols are functions alone, and what is exported to modules; {}",
                    vmlinux_install_hint(kernel_.release())));
}

Error SymbolSearch::why_unnamed(std::string_view name) const {
    auto known = kernel_.symbol(name);
    if (!known && known.error().code != ErrorCode::NotFound) return std::move(known.error());
    if (unread_modules_.empty()) return {ErrorCode::NotFound, fmt::format("no symbol is named {}", name)};
    const auto& [module, why] = *unread_modules_.begin();
    return {why.code,
            fmt::format("no symbol of the kernel is named {}, and those of {} modules are not known "
                        "({}: {})",
                        name, unread_modules_.size(), module, why.message)};
}

Error SymbolSearch::why_uncovered(std::uint64_t address) const {
    auto covered = kernel_.symbol_at(address);
    const bool is_told =
        !covered && (covered.error().code != ErrorCode::NotFound || kernel_.names_functions_alone());
    if (is_told) return std::move(covered.error());
    return {ErrorCode::NotFound, fmt::format("no symbol covers the address {:x}", address)};
}

// Since 6.4 (ac3b43283923) each kind of a module's memory lies by itself: mem[], by enum mod_mem_type.
std::vector<ModulePart> SymbolSearch::parts_of(const Module& module) {
    std::vector<ModulePart> parts;
    const auto kinds = kernel_.types().find(TypeKind::Enum, "mod_mem_type");
    const Object memory = kernel_.object("module", module.address)["mem"];
    if (!kinds || !memory.ok()) return parts;
    for (const Enumerator& kind : kernel_.types().get(*kinds).enumerators) {
        const std::string_view name = kind.name;
        if (!name.starts_with("MOD_") || kind.value < 0 ||
            static_cast<std::uint64_t>(kind.value) >= memory.type().count)
            continue;
        const Object part = memory.at(static_cast<std::uint64_t>(kind.value));
        const auto base = part["base"].u64(), size = part["size"].u64();
        if (!base || !size)
            listing_.problems.push_back(!base ? base.error() : size.error());
        else if (*base != 0 && *size != 0)
            parts.push_back({std::string(name.substr(4)), {*base, *size}});
    }
    return parts;
}

void SymbolSearch::add_module_part(const Module& module, const ModulePart& part, const SymbolTable& symbols) {
    add_mark(module, part.range.base, ListedSymbol::Mark::ModuleStart, part.kind);
    (void)symbols.for_each([&](const Symbol& symbol) {
        if (part.range.holds(symbol.address)) add(symbol, module.name);
        return true;
    });
    add_mark(module, part.range.base + (part.range.size - 1), ListedSymbol::Mark::ModuleEnd, part.kind);
}

void SymbolSearch::add_module(const Module& module) {
    const std::vector<ModulePart> parts = parts_of(module);
    const auto table = kernel_.modules().symbols_of(module);
    if (table && !parts.empty()) {
        for (const ModulePart& part : parts) add_module_part(module, part, **table);
        return;
    }
    std::uint64_t first = module.base(), end = module.base();
    for (const ModuleRange& range : module.ranges) {
        first = std::min(first, range.base);
        end = std::max(end, range.base + range.size);
    }
    add_mark(module, first, ListedSymbol::Mark::ModuleStart);
    if (table)
        (void)(*table)->for_each([&](const Symbol& symbol) {
            add(symbol, module.name);
            return true;
        });
    else
        tell_unread(module, table.error());
    add_mark(module, end, ListedSymbol::Mark::ModuleEnd);
}

Result<void> SymbolSearch::add_modules() {
    std::vector<std::string> wanted = request_.words;
    for (const Module& module : kernel_.modules().all()) {
        const auto named = std::find(wanted.begin(), wanted.end(), module.name);
        if (named == wanted.end() && !request_.words.empty()) continue;
        if (named != wanted.end()) wanted.erase(named);
        add_module(module);
    }
    for (const std::string& name : wanted)
        listing_.problems.emplace_back(ErrorCode::NotFound, fmt::format("no module is named {}", name));
    if (kernel_.modules_name_functions_alone() && !kernel_.modules().all().empty())
        listing_.problems.emplace_back(ErrorCode::MissingDebugInfo,
                                       "data of modules: the symbols that they bring are functions alone");
    for (const Error& problem : kernel_.modules().problems()) listing_.problems.push_back(problem);
    return {};
}

// The neighbours of the symbol that was added last, by address.
void SymbolSearch::add_neighbours(std::size_t from) {
    if (listing_.symbols.size() == from) return;
    const ListedSymbol named = listing_.symbols[from];
    const std::uint64_t address = named.address - named.offset;
    std::optional<std::pair<Symbol, std::string>> previous, next;
    (void)for_each([&](const Symbol& symbol, std::string_view module) {
        if (symbol.address < address && (!previous || symbol.address >= previous->first.address))
            previous.emplace(symbol, module);
        if (symbol.address > address && (!next || symbol.address < next->first.address))
            next.emplace(symbol, module);
    });
    // Between what is exported there may lie data without a name.
    const auto lies_beside = [&](const Symbol& other) {
        return !kernel_.names_functions_alone() || (named.type != '?' && other.type != '?');
    };
    if (!request_.next) next.reset();
    if (!request_.previous) previous.reset();
    if ((next && !lies_beside(next->first)) || (previous && !lies_beside(previous->first)))
        tell_unnamed_data();
    if (next && lies_beside(next->first)) add(next->first, next->second);
    if (!previous || !lies_beside(previous->first)) return;
    add(previous->first, previous->second);
    std::rotate(listing_.symbols.begin() + static_cast<std::ptrdiff_t>(from), listing_.symbols.end() - 1,
                listing_.symbols.end());
}

Result<void> SymbolSearch::add_named(std::string_view word) {
    const std::size_t from = listing_.symbols.size();
    const auto number = parse_u64(word, 16);
    if (const auto hit = number ? names_.hit(*number) : std::nullopt)
        add(hit->symbol, hit->module, *number - hit->symbol.address);
    // A name that looks like a number, and every symbol of the name.
    if (listing_.symbols.size() == from) {
        auto done = for_each([&](const Symbol& symbol, std::string_view module) {
            if (symbol.name == word) add(symbol, module);
        });
        if (!done) return done;
    }
    // What kallsyms of old kernels leaves out, or names otherwise.
    if (listing_.symbols.size() == from)
        if (const auto place = kernel_.symbol(word)) {
            const auto hit = names_.hit(*place);
            const bool has_name = hit && hit->symbol.address == *place;
            const char type = kernel_.names_functions_alone() ? '?' : 'A';
            add(has_name ? hit->symbol : Symbol{std::string(word), *place, type}, {});
        }
    if (listing_.symbols.size() == from)
        listing_.problems.push_back(number ? why_uncovered(*number) : why_unnamed(word));
    if (request_.previous || request_.next) add_neighbours(from);
    return {};
}

Result<SymbolListing> SymbolSearch::make() {
    Result<void> done;
    if (request_.which == SymbolListRequest::Which::OfModules) {
        done = add_modules();
    } else if (request_.which == SymbolListRequest::Which::Named) {
        for (std::size_t i = 0; done && i < request_.words.size(); ++i) done = add_named(request_.words[i]);
    } else if (request_.which == SymbolListRequest::Which::All) {
        const auto table = kernel_.symbols();
        if (!table) return fail(table.error());
        done = (*table)->for_each([&](const Symbol& symbol) {
            add(symbol, {});
            return true;
        });
        if (done) done = add_modules();
        tell_unnamed_data();
    } else {
        done = for_each([&](const Symbol& symbol, std::string_view module) {
            for (const std::string& part : request_.words)
                if (contains(symbol.name, part)) return add(symbol, module);
        });
        tell_unnamed_data();
    }
    if (!done) return fail(std::move(done.error()));
    for (Error& problem : of_modules_.take()) listing_.problems.push_back(std::move(problem));
    if (!listing_.symbols.empty()) return std::move(listing_);
    const bool by_part = request_.which == SymbolListRequest::Which::Containing;
    if (!listing_.problems.empty() && !by_part) return fail(listing_.problems.front());
    if (!by_part) return fail(ErrorCode::NotFound, "no symbol is named so");
    listing_.problems.push_back(Error(ErrorCode::NotFound, fmt::format("no symbol's name contains '{}'",
                                                                       fmt::join(request_.words, "' or '"))));
    return std::move(listing_);
}

}  // namespace

Result<SymbolListing> find_symbols(const CrashDump& dump, const SymbolListRequest& request) {
    return SymbolSearch(dump.kernel(), request).make();
}

}  // namespace postmortem
