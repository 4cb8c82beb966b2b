// struct module by what it holds: a symbol table in which the module itself has a name, and pieces of memory
// in which those symbols lie.
#include <algorithm>
#include <utility>

#include "kernel/elf_symbol.h"
#include "kernel/layout/module_facts.h"
#include "kernel/lists.h"
#include "kernel/module_name.h"

namespace postmortem {
namespace {

constexpr std::size_t most_listed = 4096;
constexpr std::uint64_t module_bytes = 1536;  // of struct module, as far as it is searched
constexpr std::uint64_t most_table_entries = 1u << 20;
constexpr std::uint64_t most_symbols_read = 4096;
constexpr std::size_t longest_symbol = 512;
constexpr std::string_view own_symbol = "__this_module", exit_function = "cleanup_module";
constexpr std::uint64_t most_module_distance = 64ull << 20;  // from struct module to its symbols

// struct module begins: enum module_state state; struct list_head list; char name[].
bool find_modules(ModuleFacts& facts) {
    const auto head = facts.kernel.symbol("modules");
    if (!head) return false;
    const AddressSpace& memory = facts.kernel.memory();
    bool all_named = true;
    (void)for_each_list_node(
        memory, *head,
        [&](std::uint64_t node) {
            const auto name = memory.c_string(node + 2 * facts.word(), longest_module_name);
            const auto state = memory.u32(node - facts.word());
            all_named = all_named && (!name || is_module_name(*name)) && (!state || *state < 4);
            facts.modules.push_back(node - facts.word());
            return all_named;
        },
        most_listed);
    if (facts.modules.empty()) return false;
    const std::size_t count = facts.modules.size();
    if (!all_named) {
        facts.findings.refuse("module", "list", "a node of the list has no name");
        return false;
    }
    facts.findings.add({"module", "list", facts.word(), MemberShape::embedded("list_head"), count, count});
    facts.findings.add(
        {"module", "name", 3 * facts.word(), MemberShape::text(longest_module_name), count, count});
    return true;
}

/// A symbol table: where its parts lie, counted from one place (struct mod_kallsyms, or struct module
/// before 4.5).
struct TablePlaces {
    std::uint64_t symtab, count, strtab;
};

bool points_at(const AddressSpace& memory, std::uint64_t module, std::uint64_t address) {
    const StructImage image(memory, module, module_bytes);
    for (std::uint64_t at = 0; at < module_bytes; at += memory.word_size())
        if (image.word(at) == address) return true;
    return false;
}

/// What such a table tells: where the symbols lie, and how large the module itself is.
struct TableWords {
    std::vector<std::uint64_t> values;
    std::uint64_t module_bytes = 0;
};

// Where functions alone have names, the module has none, but struct module points at its function `exit`. A
// module without one says nothing, unless this is no table of functions near it.
Says judge_functions(const ModuleFacts& facts, std::uint64_t module, const ByteReader& table,
                     const ElfSymbolForm& form, std::uint64_t strtab, std::uint64_t count) {
    const AddressSpace& memory = facts.kernel.memory();
    Says says = Says::Nothing;
    for (std::uint64_t i = 1; i < count; ++i) {
        const ElfSymbol symbol = form.read(table, i);
        if (symbol.section == 0) continue;
        const auto name = memory.c_string(strtab + symbol.name, longest_symbol);
        const std::uint64_t distance = symbol.value > module ? symbol.value - module : module - symbol.value;
        if (!name || name->empty() || distance > most_module_distance) return Says::No;
        if (*name == exit_function) says = points_at(memory, module, symbol.value) ? Says::Yes : Says::No;
        if (says == Says::No) break;
    }
    return says;
}

/// Whether a table is the module's: one of its symbols is the module.
Says judge_table(const ModuleFacts& facts, std::uint64_t module, std::uint64_t at, const TablePlaces& places,
                 TableWords& told) {
    const AddressSpace& memory = facts.kernel.memory();
    const auto symtab = memory.word(at + places.symtab), strtab = memory.word(at + places.strtab);
    const auto count = memory.u32(at + places.count);
    if (!symtab || !strtab || !count) return Says::Nothing;
    if (!facts.is_pointer(*symtab) || *strtab < facts.kernel.arch().memory.lowest_code_address ||
        *count == 0 || *count > most_table_entries)
        return Says::No;
    const ElfSymbolForm form{facts.word() == 8};
    const std::uint64_t read = std::min<std::uint64_t>(*count, most_symbols_read);
    const auto raw = memory.bytes(*symtab, read * form.bytes());
    if (!raw) return raw.error().code == ErrorCode::NotMapped ? Says::No : Says::Nothing;
    const ByteReader table(*raw, memory.endian());
    bool found = false;
    told = {};
    for (std::uint64_t i = 1; i < read; ++i) {
        const ElfSymbol symbol = form.read(table, i);
        if (symbol.section == 0 || symbol.value < facts.kernel.arch().memory.lowest_code_address) continue;
        told.values.push_back(symbol.value);
        if (symbol.value != module || found) continue;
        const auto name = memory.c_string(*strtab + symbol.name, own_symbol.size() + 1);
        found = name && *name == own_symbol;
        if (found) told.module_bytes = symbol.size;
    }
    if (found) return Says::Yes;
    if (facts.functions_alone) return judge_functions(facts, module, table, form, *strtab, read);
    return read < *count ? Says::Nothing : Says::No;
}

// struct mod_kallsyms, which `kallsyms` points to, since 4.5 (8244062ef1e5).
bool infer_table_behind_pointer(ModuleFacts& facts, const Survey& survey) {
    const TablePlaces places{0, facts.word(), 2 * facts.word()};
    TableWords told;
    const Judge judge = [&](const StructImage& module, std::uint64_t offset) {
        const auto table = module.word(offset);
        if (!table) return Says::Nothing;
        if (!facts.is_pointer(*table)) return Says::No;
        return judge_table(facts, module.address(), *table, places, told);
    };
    const auto place = facts.findings.settle({"module", "kallsyms", 0, MemberShape::pointer("mod_kallsyms")},
                                             search(survey, facts.word(), 1, judge), facts.kernel.memory(),
                                             facts.modules, judge);
    if (!place) return false;
    facts.findings.add_with_last("mod_kallsyms", "symtab", places.symtab, MemberShape::pointer());
    facts.findings.add_with_last("mod_kallsyms", "num_symtab", places.count, MemberShape::number(4));
    facts.findings.add_with_last("mod_kallsyms", "strtab", places.strtab, MemberShape::pointer());
    for (const std::uint64_t module : facts.modules) {
        const auto table = facts.kernel.memory().word(module + *place);
        told = {};
        if (table) (void)judge_table(facts, module, *table, places, told);
        facts.remember(module, told.values, told.module_bytes);
    }
    return true;
}

// Elf_Sym *symtab, *core_symtab; unsigned int num_symtab, core_num_syms; char *strtab, *core_strtab;
bool infer_table_in_module(ModuleFacts& facts, const Survey& survey) {
    const TablePlaces places{0, 2 * facts.word(), 2 * facts.word() + 8};
    TableWords told;
    const Judge judge = [&](const StructImage& module, std::uint64_t offset) {
        return judge_table(facts, module.address(), module.address() + offset, places, told);
    };
    const auto place = facts.findings.settle({"module", "symtab", 0, MemberShape::pointer()},
                                             search(survey, facts.word(), 1, judge), facts.kernel.memory(),
                                             facts.modules, judge);
    if (!place) return false;
    facts.findings.forget_refusal("module", "kallsyms");
    facts.findings.add_with_last("module", "num_symtab", *place + places.count, MemberShape::number(4));
    facts.findings.add_with_last("module", "strtab", *place + places.strtab, MemberShape::pointer());
    for (const std::uint64_t module : facts.modules) {
        (void)judge_table(facts, module, module + *place, places, told);
        facts.remember(module, told.values, told.module_bytes);
    }
    return true;
}

}  // namespace

void infer_modules(const Kernel& kernel, Findings& findings) {
    ModuleFacts facts{kernel, findings, kernel.modules_name_functions_alone(), {}, {}};
    if (!find_modules(facts)) return;
    Survey survey = Survey::of(kernel.memory(), facts.modules, module_bytes, 16);
    if (!infer_table_behind_pointer(facts, survey) && !infer_table_in_module(facts, survey)) return;
    // What lies behind the struct is another's.
    if (facts.struct_bytes != 0) survey.size = std::min(survey.size, facts.struct_bytes);
    infer_module_memory(facts, survey);
    if (!kernel.arch().code.orc_numberings.empty() && kernel.symbol("__start_orc_unwind_ip"))
        infer_module_orc(facts, survey);
}

}  // namespace postmortem
