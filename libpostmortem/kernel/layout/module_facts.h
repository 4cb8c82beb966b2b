// What is known of the loaded modules before struct module is: they hang on a list, a name behind each node.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "kernel/kernel.h"
#include "kernel/layout/findings.h"

namespace postmortem {

struct ModuleFacts {
    const Kernel& kernel;
    Findings& findings;
    bool functions_alone = false;          ///< modules' symbols are (CONFIG_KALLSYMS_ALL=n)
    std::vector<std::uint64_t> modules{};  ///< struct module of each
    /// Where the symbols of each lie, ascending.
    std::map<std::uint64_t, std::vector<std::uint64_t>> symbols{};
    std::uint64_t struct_bytes = 0;  ///< of struct module; 0 where that is not known

    std::uint64_t word() const { return kernel.memory().word_size(); }
    bool is_pointer(std::uint64_t value) const {
        return value >= kernel.arch().memory.lowest_code_address && value % word() == 0;
    }
    /// `bytes`: of the module itself, as its symbol says; 0 where it does not.
    void remember(std::uint64_t module, std::vector<std::uint64_t> values, std::uint64_t bytes) {
        struct_bytes = std::max(struct_bytes, bytes);
        std::sort(values.begin(), values.end());
        symbols[module] = std::move(values);
    }
    bool has_symbol_in(std::uint64_t module, std::uint64_t first, std::uint64_t bytes) const {
        const auto known = symbols.find(module);
        if (known == symbols.end()) return false;
        const auto at = std::lower_bound(known->second.begin(), known->second.end(), first);
        return at != known->second.end() && *at - first < bytes;
    }
};

/// list, name, the symbol tables, the memory, the ORC tables of struct module.
void infer_modules(const Kernel& kernel, Findings& findings);

/// The last two of these.
void infer_module_memory(ModuleFacts& facts, const Survey& survey);
void infer_module_orc(ModuleFacts& facts, const Survey& survey);

}  // namespace postmortem
