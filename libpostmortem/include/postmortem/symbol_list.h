// Symbols of the kernel and of its modules. What `sym` prints.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postmortem/crash_dump.h>
#include <postmortem/problem.h>

namespace postmortem {

struct SymbolListRequest {
    enum class Which : std::uint8_t {
        Named,       ///< `words`: names or addresses
        Containing,  ///< whose names contain one of `words`
        OfModules,   ///< all of the modules named in `words`, or of every module
        All,
    };
    Which which = Which::Named;
    std::vector<std::string> words;
    bool previous = false, next = false;  ///< those before and behind one that is named, too
};

struct ListedSymbol {
    std::uint64_t address = 0;  ///< as asked for: `offset` bytes into the symbol
    char type = '?';            ///< as nm prints it
    std::string name;  ///< untrusted text, as all names; of a mark: the kind of memory (6.4+), TEXT, …
    std::uint64_t offset = 0;
    std::string module;  ///< empty for the kernel itself
    /// What crash marks modules' symbols with: where one begins or ends, which is no symbol.
    enum class Mark : std::uint8_t { None, ModuleStart, ModuleEnd } mark = Mark::None;
};

struct SymbolListing {
    std::vector<ListedSymbol> symbols;
    Problems problems;
};

/// A word that names nothing is a problem; NotFound where none of them names anything.
POSTMORTEM_API Result<SymbolListing> find_symbols(const CrashDump& dump, const SymbolListRequest& request);
POSTMORTEM_API std::string to_text(const SymbolListing& listing);
POSTMORTEM_API std::string to_json(const SymbolListing& listing);
POSTMORTEM_API std::string to_ndjson(const SymbolListing& listing);

}  // namespace postmortem
