// The answer to `mod`: the modules that were loaded.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postmortem/api.h>
#include <postmortem/problem.h>

namespace postmortem {

class CrashDump;

enum class ModuleState : std::uint8_t { Live, Coming, Going, Unformed };
/// "live", "coming", "going", "unformed".
POSTMORTEM_API std::string_view to_string(ModuleState state);

/// All text is untrusted.
struct LoadedModule {
    std::string name;
    std::uint64_t address = 0;    ///< of its struct module
    std::uint64_t text_base = 0;  ///< where its text begins
    std::uint64_t bytes = 0;      ///< what of it stays in memory: text, data, read-only data
    std::optional<ModuleState> state;
    std::optional<std::int64_t> references;           ///< as /proc/modules counts them
    std::optional<std::vector<std::string>> used_by;  ///< modules that need it, the latest first
    std::optional<std::uint64_t> taint_mask;
    std::string taint_letters;          ///< "OE"
    std::optional<bool> has_signature;  ///< absent where this kernel checks none
    bool has_symbols = false;           ///< the kernel kept its symbol table (CONFIG_KALLSYMS)
};

struct LoadedModules {
    std::uint8_t address_digits = 16;
    bool in_pieces = false;             ///< text and data lie apart (6.4 and later)
    std::vector<LoadedModule> modules;  ///< by address, as crash lists them
    Problems problems;
};

POSTMORTEM_API LoadedModules loaded_modules(const CrashDump& dump);
POSTMORTEM_API std::string to_text(const LoadedModules& modules);
/// Those alone that taint the kernel, and how.
POSTMORTEM_API std::string taints_to_text(const LoadedModules& modules);
POSTMORTEM_API std::string to_json(const LoadedModules& modules);
POSTMORTEM_API std::string to_ndjson(const LoadedModules& modules);

}  // namespace postmortem
