#include <algorithm>

#include <fmt/format.h>

#include <postmortem/crash_dump.h>
#include <postmortem/loaded_modules.h>

#include "base/problem_collector.h"
#include "kernel/lists.h"
#include "kernel/module/modules.h"
#include "kernel/module_name.h"
#include "kernel/panic/taint.h"
#include "object/field.h"
#include "types/partial_types.h"

namespace postmortem {
namespace {

constexpr std::size_t most_module_users = 4096;
constexpr std::uint64_t most_pieces = 16;

class ModuleReader {
  public:
    explicit ModuleReader(const Kernel& kernel) : kernel_(kernel), memory_(kernel.memory()) {
        const auto optional = [&](std::string_view type, std::initializer_list<std::string_view> paths) {
            return Field::find(kernel.types(), type, paths).value_or(Field());
        };
        state_ = optional("module", {"state"});
        references_ = optional("module", {"refcnt"});
        users_ = optional("module", {"source_list"});
        taints_ = optional("module", {"taints"});
        signed_ = optional("module", {"sig_ok"});
        symbols_ = optional("module", {"kallsyms", "symtab"});
        use_list_ = optional("module_use", {"source_list"});
        user_ = optional("module_use", {"source"});
        name_ = optional("module", {"name"});
    }

    // Inferred types call the memory of every kernel `mem`, which has one element where text and data lie
    // together.
    bool in_pieces() const {
        const Object memory = kernel_.object("module", 0)["mem"];
        return memory.ok() && memory.type().count > 1;
    }

    LoadedModule read(const Module& module) {
        LoadedModule loaded;
        loaded.name = module.name;
        loaded.address = module.address;
        loaded.text_base = module.base();
        loaded.bytes = bytes_of(module);
        take(state_.u64(memory_, module.address), "state", module, [&](std::uint64_t state) {
            if (state <= static_cast<std::uint64_t>(ModuleState::Unformed))
                loaded.state = static_cast<ModuleState>(state);
        });
        // MODULE_REF_BASE stands for the module itself (kernel/module/main.c, module_refcount()).
        if (references_.present())
            if (const auto count = references_.i64(memory_, module.address)) loaded.references = *count - 1;
        take(taints_.u64(memory_, module.address), "taints", module, [&](std::uint64_t mask) {
            loaded.taint_mask = mask;
            for (const TaintFlag& flag : decode_taints(mask)) loaded.taint_letters += flag.letter;
        });
        if (const auto ok = signed_.u64(memory_, module.address)) loaded.has_signature = *ok != 0;
        loaded.has_symbols = symbols_.u64_or(memory_, module.address, 0) != 0;
        read_users(module, loaded);
        return loaded;
    }

    Problems problems() { return problems_.take(); }

  private:
    template <class Use>
    void take(const Result<std::uint64_t>& value, const char* what, const Module& module, Use use) {
        if (value)
            use(*value);
        else
            problems_.add(fmt::format("the {} of a module", what), "(" + module.name + ")", value.error());
    }

    // Without what was freed once it was up (MOD_INIT_TEXT and those behind it; init_layout).
    std::uint64_t bytes_of(const Module& module) {
        const Object self = kernel_.object("module", module.address);
        std::uint64_t bytes = 0;
        if (self.has("mem")) {
            const auto first_init = kernel_.types().enumerator("mod_mem_type", "MOD_INIT_TEXT");
            const Object pieces = self["mem"];
            const std::uint64_t kept =
                first_init && *first_init > 0 ? static_cast<std::uint64_t>(*first_init) : 4;
            for (std::uint64_t i = 0; i < std::min({kept, pieces.type().count, most_pieces}); ++i)
                take(pieces.at(i)["size"].u64(), "size", module, [&](std::uint64_t size) { bytes += size; });
            return bytes;
        }
        const Object size = self.has("core_layout") ? self["core_layout"]["size"] : self["core_size"];
        take(size.u64(), "size", module, [&](std::uint64_t one) { bytes = one; });
        return bytes;
    }

    void read_users(const Module& module, LoadedModule& loaded) {
        if (!users_.present() || !use_list_.present() || !user_.present()) return;
        auto& used_by = loaded.used_by.emplace();
        const auto walk = for_each_list_node(
            memory_, users_.address_in(module.address),
            [&](std::uint64_t node) {
                const auto user = user_.u64(memory_, node - use_list_.offset());
                const auto name = user ? memory_.c_string(name_.address_in(*user), longest_module_name)
                                       : fail(user.error());
                if (name)
                    used_by.push_back(*name);
                else
                    problems_.add("a user of a module", "(" + module.name + ")", name.error());
                return true;
            },
            most_module_users);
        if (!walk) problems_.add("the users of a module", "(" + module.name + ")", walk.error());
    }

    const Kernel& kernel_;
    const AddressSpace& memory_;
    Field state_, references_, users_, taints_, signed_, symbols_, use_list_, user_, name_;
    ProblemCollector problems_;
};

}  // namespace

std::string_view to_string(ModuleState state) {
    switch (state) {
        case ModuleState::Live: return "live";
        case ModuleState::Coming: return "coming";
        case ModuleState::Going: return "going";
        case ModuleState::Unformed: break;
    }
    return "unformed";
}

LoadedModules loaded_modules(const CrashDump& dump) {
    const Kernel& kernel = dump.kernel();
    LoadedModules list;
    list.address_digits = static_cast<std::uint8_t>(kernel.arch().word_size * 2);
    ModuleReader reader(kernel);
    list.in_pieces = reader.in_pieces();
    for (const Module& module : kernel.modules().all()) list.modules.push_back(reader.read(module));
    std::stable_sort(list.modules.begin(), list.modules.end(),
                     [](const LoadedModule& a, const LoadedModule& b) { return a.text_base < b.text_base; });
    list.problems = kernel.modules().problems();
    const Problems unread = reader.problems();
    if (const auto why = kernel.types().damage(); why && !unread.empty() && are_partial(kernel.types()))
        list.problems.push_back(*why);
    list.problems.insert(list.problems.end(), unread.begin(), unread.end());
    return list;
}

}  // namespace postmortem
