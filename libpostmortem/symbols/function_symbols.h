// The symbols of a kernel whose kallsyms names functions alone (CONFIG_KALLSYMS_ALL=n): those, and what other
// tables name of its data. Each of these names stands for one address, for nothing tells how far it reaches.
#pragma once

#include <memory>

#include "symbols/symbol_table.h"

namespace postmortem {

class FunctionSymbols final : public SymbolTable {
  public:
    /// `others`: what else is named, in any order; those that lie in code are left to `functions`.
    FunctionSymbols(std::unique_ptr<SymbolTable> functions, std::vector<Symbol> others);

    Result<std::uint64_t> address_of(std::string_view name) const override;
    /// A function's, or data's own address. Errors: MissingDebugInfo in the image, as far as it is known,
    /// where there may be data without a name; NotFound elsewhere.
    Result<SymbolHit> containing(std::uint64_t address) const override;
    /// In the order of their addresses.
    Result<void> for_each(const std::function<bool(const Symbol&)>& visit) const override;
    std::string_view source() const override { return functions_->source(); }

  private:
    /// Code, with the address behind its last function, where the mark of its end stands.
    struct Bounds {
        std::uint64_t start = 0, end = 0;
        bool hold(std::uint64_t address) const { return address >= start && address <= end; }
    };

    std::optional<Bounds> between(std::string_view start, std::string_view end) const;
    Bounds around_functions() const;
    bool is_code(std::uint64_t address) const;
    Bounds image() const;

    std::unique_ptr<SymbolTable> functions_;
    std::vector<Bounds> code_;
    std::vector<Symbol> data_;  ///< sorted by address
    SymbolList data_by_name_;
};

}  // namespace postmortem
