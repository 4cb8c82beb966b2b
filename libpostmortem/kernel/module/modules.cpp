#include "kernel/module/modules.h"

#include <algorithm>
#include <optional>
#include <unordered_set>

#include <fmt/format.h>

#include "base/checked.h"
#include "kernel/elf_symbol.h"
#include "kernel/kernel.h"
#include "kernel/lists.h"
#include "kernel/module_name.h"

namespace postmortem {
namespace {

constexpr std::size_t max_modules = 4096;
constexpr std::uint64_t max_module_symbols = 1u << 20;
constexpr std::uint64_t max_string_table = 64u << 20;
constexpr std::uint64_t max_memory_types = 16;       // enum mod_mem_type has 7
constexpr std::uint64_t max_module_bytes = 1 << 30;  // more than the room for all modules

/// The pieces of one module, and why one of them is not known.
struct Ranges {
    std::vector<ModuleRange> known;
    std::optional<Error> problem;

    void add(const Object& base, const Object& size) {
        const auto where = base.u64(), length = size.u64();
        if (!where || !length) {
            problem = where ? length.error() : where.error();
        } else if (*length > max_module_bytes) {
            problem = Error(ErrorCode::Corrupt, fmt::format("it claims {} bytes", *length), base.address());
        } else if (*where != 0 && *length != 0) {
            known.push_back({*where, *length});
        }
    }
};

// 6.4+ (ac3b43283923): mem[MOD_MEM_NUM_TYPES]; 4.5–6.3: core_layout and init_layout; before: module_core.
Ranges ranges_of(const Object& module) {
    Ranges ranges;
    if (module.has("mem")) {
        const Object mem = module["mem"];
        for (std::uint64_t i = 0; i < std::min(mem.type().count, max_memory_types); ++i)
            ranges.add(mem.at(i)["base"], mem.at(i)["size"]);
    } else if (module.has("core_layout")) {
        for (const char* layout : {"core_layout", "init_layout"})
            ranges.add(module[layout]["base"], module[layout]["size"]);
    } else {
        ranges.add(module["module_core"], module["core_size"]);
        ranges.add(module["module_init"], module["init_size"]);
    }
    return ranges;
}

}  // namespace

bool Module::holds(std::uint64_t address_in_module) const {
    return std::any_of(ranges.begin(), ranges.end(),
                       [&](const ModuleRange& r) { return r.holds(address_in_module); });
}

ModuleList::~ModuleList() = default;

std::unique_ptr<ModuleList> ModuleList::read(const Kernel& kernel) {
    std::unique_ptr<ModuleList> list(new ModuleList(kernel));
    list->load();
    return list;
}

void ModuleList::load() {
    const auto head = kernel_.symbol("modules");
    const auto link = kernel_.types().offset_of("module", "list");
    // An empty list says so without types.
    if (head && !link && kernel_.memory().word(*head) == *head) return;
    if (!head || !link) {
        // Without CONFIG_MODULES there is no such list, and nothing is missing.
        if (head || head.error().code != ErrorCode::NotFound)
            problems_.emplace_back(
                head ? link.error().code : head.error().code,
                fmt::format("modules: {}", head ? link.error().message : head.error().message));
        return;
    }
    // Oldest first; where the list breaks, what lies behind the break is reached from the other end.
    std::unordered_set<std::uint64_t> seen;
    std::vector<std::uint64_t> nodes, newest_first;
    const auto walk = [&](auto&& for_each_node, std::vector<std::uint64_t>& found) {
        const auto keep = [&](std::uint64_t node) {
            if (seen.insert(node).second) found.push_back(node);
            return true;
        };
        auto walked = for_each_node(kernel_.memory(), *head, keep, max_modules);
        if (!walked) problems_.push_back(std::move(walked.error()));
        return walked.has_value();
    };
    if (!walk(for_each_list_node_backwards, nodes)) walk(for_each_list_node, newest_first);
    nodes.insert(nodes.end(), newest_first.rbegin(), newest_first.rend());
    for (const std::uint64_t node : nodes) add(node - *link);
}

void ModuleList::add(std::uint64_t address) {
    const Object module = kernel_.object("module", address);
    const auto problem = [&](std::string_view what, const Error& error) {
        problems_.emplace_back(error.code, fmt::format("{}: {}", what, error.message),
                               error.address.value_or(address));
    };
    auto name = module["name"].string();
    if (!name) return problem("a module's name", name.error());
    name->resize(std::min(name->size(), longest_module_name));
    Ranges ranges = ranges_of(module);
    if (ranges.problem) problem(fmt::format("the memory of module {}", *name), *ranges.problem);
    modules_.push_back({std::move(*name), address, module["taints"].u64_or(0), std::move(ranges.known)});
}

const Module* ModuleList::find(std::uint64_t address) const {
    for (const Module& module : modules_)
        if (module.holds(address)) return &module;
    return nullptr;
}

// Before 5.2 load_module() puts what nm calls a symbol into its st_info, where no ELF file has such a value
// (a binding of 6 or 7).
static bool is_symbol_letter(std::uint8_t info) {
    return (info >= 'a' && info <= 'z') || info == '?';
}

// struct mod_kallsyms, 4.5+ (8244062ef1e5); before, the same members lie in struct module itself.
static Result<std::unique_ptr<SymbolList>> read_symbols(const Kernel& kernel, const Module& module) {
    const Object self = kernel.object("module", module.address);
    const Object table = self.has("kallsyms") ? self["kallsyms"].deref() : self;
    const auto symtab = table["symtab"].u64(), strtab = table["strtab"].u64(),
               count = table["num_symtab"].u64();
    if (!symtab) return fail(symtab.error());
    if (!strtab) return fail(strtab.error());
    if (!count) return fail(count.error());
    if (*count > max_module_symbols)
        return fail(ErrorCode::Corrupt, fmt::format("module {} claims {} symbols", module.name, *count),
                    symtab.value());
    const ElfSymbolForm form{kernel.memory().word_size() == 8};
    auto raw = kernel.memory().bytes(*symtab, *count * form.bytes());
    if (!raw) return fail(std::move(raw.error()));
    const ByteReader reader(*raw, kernel.memory().endian());

    // What nm calls them: an array of its own since 5.2 (1c7651f43777).
    const auto types_at = table["typetab"].u64();
    const auto types = types_at ? kernel.memory().bytes(*types_at, *count) : fail(types_at.error());
    const std::uint64_t code_bytes = self["core_layout"]["text_size"].u64_or(module.ranges.front().size);
    const auto type_of = [&](std::uint64_t index, const ElfSymbol& symbol) {
        if (types) return static_cast<char>((*types)[index]);
        if (is_symbol_letter(symbol.info)) return static_cast<char>(symbol.info);
        return symbol.value - module.base() < code_bytes ? 't' : 'd';
    };

    std::vector<Symbol> symbols;
    symbols.reserve(*count);
    for (std::uint64_t i = 1; i < *count; ++i) {
        const ElfSymbol symbol = form.read(reader, i);
        if (symbol.section == 0 || symbol.name > max_string_table || !module.holds(symbol.value)) continue;
        auto name = kernel.memory().c_string(*strtab + symbol.name, 512);
        // The kernel skips nameless symbols and the ones that only mark an instruction set
        // (is_mapping_symbol()).
        if (!name || name->empty() || name->front() == '$' || name->starts_with(".L")) continue;
        symbols.push_back({std::move(*name), symbol.value, type_of(i, symbol), symbol.size});
    }
    return std::make_unique<SymbolList>(module.name, std::move(symbols));
}

Result<const SymbolList*> ModuleList::symbols_of(const Module& module) const {
    const std::lock_guard guard(lock_);
    auto known = symbols_.find(module.address);
    if (known == symbols_.end())
        known = symbols_.emplace(module.address, read_symbols(kernel_, module)).first;
    if (!known->second) return fail(known->second.error());
    return known->second->get();
}

// Of what lies in another piece of memory the symbol is not.
static bool reaches(const Module& module, const Symbol& symbol, std::uint64_t address) {
    return std::any_of(module.ranges.begin(), module.ranges.end(), [&](const ModuleRange& range) {
        return range.holds(symbol.address) && range.holds(address);
    });
}

// Data begins on a page of its own (CONFIG_STRICT_MODULE_RWX).
static std::uint64_t code_end(const Symbol& function) {
    constexpr std::uint64_t page = 4096;
    return align_up(function.address + std::max<std::uint64_t>(function.size, 1), page);
}

Result<SymbolHit> ModuleList::symbol_at(std::uint64_t address) const {
    const Module* module = find(address);
    if (!module) return fail(ErrorCode::NotFound, "no module lies at this address", address);
    auto symbols = symbols_of(*module);
    if (!symbols)
        return fail(symbols.error().code,
                    fmt::format("the symbols of module {}: {}", module->name, symbols.error().message),
                    address);
    auto hit = (*symbols)->containing(address);
    if (!hit || !reaches(*module, hit->symbol, address))
        return fail(ErrorCode::NotFound,
                    fmt::format("no symbol of module {} covers the address", module->name), address);
    const bool is_last = hit->size == 0 || !reaches(*module, hit->symbol, hit->symbol.address + hit->size);
    if (is_last && kernel_.modules_name_functions_alone() && address >= code_end(hit->symbol))
        return fail(ErrorCode::MissingDebugInfo,
                    fmt::format("no function of module {} covers the address, and its symbols are functions "
                                "alone",
                                module->name),
                    address);
    hit->module = module->name;
    return hit;
}

}  // namespace postmortem
