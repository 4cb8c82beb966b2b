// Loaded modules and their symbols: kernel/module/ (struct module, its kallsyms).
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "symbols/symbol_table.h"

namespace postmortem {

class Kernel;

/// One contiguous piece of a module: text, data, read-only data, …
struct ModuleRange {
    std::uint64_t base = 0;
    std::uint64_t size = 0;

    bool holds(std::uint64_t address) const { return address >= base && address - base < size; }
};

struct Module {
    std::string name;
    std::uint64_t address = 0;        ///< of its struct module
    std::uint64_t taints = 0;         ///< bit N is taint flag N
    std::vector<ModuleRange> ranges;  ///< [0] is the text

    std::uint64_t base() const { return ranges.empty() ? 0 : ranges.front().base; }
    bool holds(std::uint64_t address_in_module) const;
};

/// The modules at the time of the crash, oldest first as crash lists them. Borrows the kernel. Thread-safe.
class ModuleList {
  public:
    static std::unique_ptr<ModuleList> read(const Kernel& kernel);
    ~ModuleList();

    const std::vector<Module>& all() const { return modules_; }
    /// The module whose memory holds the address; null where none does.
    const Module* find(std::uint64_t address) const;
    /// The module's symbol that covers the address. NotFound where no module or symbol does.
    Result<SymbolHit> symbol_at(std::uint64_t address) const;
    /// All symbols of one module; read on first use.
    Result<const SymbolList*> symbols_of(const Module& module) const;
    const std::vector<Error>& problems() const { return problems_; }

  private:
    explicit ModuleList(const Kernel& kernel) : kernel_(kernel) {}
    void load();
    void add(std::uint64_t address);

    const Kernel& kernel_;
    std::vector<Module> modules_;
    std::vector<Error> problems_;
    mutable std::mutex lock_;
    mutable std::map<std::uint64_t, Result<std::unique_ptr<SymbolList>>> symbols_;
};

}  // namespace postmortem
