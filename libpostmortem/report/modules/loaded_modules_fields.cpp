#include <postmortem/loaded_modules.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {

void describe(Describer<LoadedModule>& module) {
    module.is("module", "A module that was loaded");
    module.add("name", &LoadedModule::name, "its name");
    module.add("address", &LoadedModule::address, "its struct module").address();
    module.add("text_base", &LoadedModule::text_base, "where its text begins").address().or_null();
    module.add("bytes", &LoadedModule::bytes, "what of it stays in memory: as /proc/modules").or_null();
    module.word("state", &LoadedModule::state, ModuleState::Unformed, "as /proc/modules");
    module.add("references", &LoadedModule::references, "as /proc/modules counts them");
    module.add("used_by", &LoadedModule::used_by, "modules that need it, the latest first");
    module.add("taint_mask", &LoadedModule::taint_mask, "how it taints the kernel").address();
    module.add("taint_letters", &LoadedModule::taint_letters, "its bits as the kernel's letters")
        .only_if([](const LoadedModule& one) { return one.taint_mask.has_value(); });
    module.add("has_signature", &LoadedModule::has_signature, "null where this kernel checks none");
    module.add("has_symbols", &LoadedModule::has_symbols, "the kernel kept its symbol table");
}

void describe(Describer<LoadedModules>& list) {
    list.is_document();
    list.add("modules", &LoadedModules::modules, "by address").answer();
    add_problems(list);
}

std::string to_json(const LoadedModules& modules) {
    return json_document(modules);
}

std::string to_ndjson(const LoadedModules& modules) {
    return ndjson_lines(modules);
}

}  // namespace postmortem
