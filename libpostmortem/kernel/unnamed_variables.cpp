#include "kernel/unnamed_variables.h"

#include <unordered_set>
#include <utility>
#include <vector>

#include "symbols/function_symbols.h"

namespace postmortem {
namespace {

std::unique_ptr<SymbolTable> with_other_names(std::unique_ptr<SymbolTable> functions, const UnnamedData& data,
                                              const VmcoreInfo& info) {
    std::vector<Symbol> others = data.exported();
    std::unordered_set<std::string> known;
    for (const Symbol& other : others) known.insert(other.name);
    for (const auto& [name, address] : info.symbols())
        if (known.emplace(name).second) others.push_back({std::string(name), address, '?'});
    return std::make_unique<FunctionSymbols>(std::move(functions), std::move(others));
}

}  // namespace

UnnamedVariables::UnnamedVariables(const Arch& arch, const AddressSpace& memory, const VmcoreInfo& info,
                                   std::unique_ptr<SymbolTable> functions, std::uint64_t rodata)
    : memory_(memory),
      rodata_(rodata),
      data_(memory, rodata, arch.memory.lowest_code_address),
      names_(with_other_names(std::move(functions), data_, info)),
      code_(arch, memory, *names_) {}

const UnnamedSysctls& UnnamedVariables::sysctls() const {
    const std::lock_guard guard(lock_);
    if (!sysctls_) {
        ImageBounds image = data_.image();
        image.read_only_start = names_->address_of("_etext").value_or(rodata_);
        sysctls_.emplace(memory_, image);
    }
    return *sysctls_;
}

Result<std::optional<std::uint64_t>> UnnamedVariables::address_of(std::string_view name,
                                                                  const TypeFinder* types) const {
    if (const auto found = data_.address_of(name, types)) return *found;
    if (UnnamedSysctls::shows(name))
        if (auto found = sysctls().address_of(name)) return found;
    if (code_.is_absent(name)) return std::nullopt;
    return code_.address_of(name).map([](std::uint64_t address) { return std::optional(address); });
}

}  // namespace postmortem
