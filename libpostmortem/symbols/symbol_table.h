// Names for kernel addresses and addresses for names. One file per source: the kallsyms tables in the dump's
// own memory, a vmlinux's ELF symbol table, and the symbol lists that are built for modules.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postmortem/error.h>

namespace postmortem {

/// One symbol. `address` is where it lies in the running (relocated) kernel.
struct Symbol {
    std::string name;
    std::uint64_t address = 0;
    char type = '?';  ///< as nm prints it: T/t text, D/d data, A absolute, …; ? where its table does not tell
    std::uint64_t size = 0;  ///< as its table tells; 0 where that does not
};

/// The symbol that covers an address.
struct SymbolHit {
    Symbol symbol;
    std::uint64_t size = 0;  ///< bytes up to the next symbol with another address; 0 where unknown
    std::string module;      ///< empty for the kernel itself
};

/// Thread-safe for readers.
class SymbolTable {
  public:
    virtual ~SymbolTable() = default;

    /// Errors: NotFound, or the error of the memory that holds the table.
    virtual Result<std::uint64_t> address_of(std::string_view name) const = 0;

    /// The nearest symbol at or below `address`; NotFound where none covers it. Where several symbols share
    /// the address, the one that the kernel itself prints (kernel/kallsyms.c, get_symbol_pos(): the first).
    virtual Result<SymbolHit> containing(std::uint64_t address) const = 0;

    /// Calls `visit` for every symbol until it returns false. This reads the whole table.
    virtual Result<void> for_each(const std::function<bool(const Symbol&)>& visit) const = 0;

    /// "kallsyms", "vmlinux", …
    virtual std::string_view source() const = 0;
};

/// A table of symbols held in memory, sorted by address.
class SymbolList final : public SymbolTable {
  public:
    SymbolList(std::string source, std::vector<Symbol> symbols);

    Result<std::uint64_t> address_of(std::string_view name) const override;
    Result<SymbolHit> containing(std::uint64_t address) const override;
    Result<void> for_each(const std::function<bool(const Symbol&)>& visit) const override;
    std::string_view source() const override { return source_; }

    bool empty() const { return by_address_.empty(); }

  private:
    std::string source_;
    std::vector<Symbol> by_address_;
    std::vector<std::uint32_t> by_name_;
};

}  // namespace postmortem
