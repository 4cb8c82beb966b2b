#include "symbols/elf_symbols.h"

#include <algorithm>
#include <bit>
#include <mutex>
#include <tuple>

#include <elf.h>
#include <fmt/format.h>

namespace postmortem {
namespace {

struct Entry {
    std::uint64_t address = 0;
    std::uint32_t name = 0;  // offset in the string table
    char type = '?';
};

// scripts/kallsyms.c, may_be_linker_script_provide_symbol(): such names lose against others at their address.
bool looks_linker_made(std::string_view name) {
    if (name.size() < 8 || !name.starts_with("__")) return false;
    const std::string_view rest = name.substr(2);
    return rest.starts_with("start_") || rest.starts_with("stop_") || rest.starts_with("end_") ||
           name.ends_with("_start") || name.ends_with("_end");
}

std::size_t leading_underscores(std::string_view name) {
    return std::min(name.find_first_not_of('_'), name.size());
}

// scripts/mksysmap and is_ignored_symbol(): assembler's local labels, checksums, the linker's veneers, and
// second names of per-CPU data. What only some releases leave out (names of exported symbols, .LC in 5.10) is
// data anyway.
bool left_out(std::string_view name) {
    for (const char* prefix : {"$", ".L", "__crc_", "__efistub_", "__kcfi_typeid_", "init_per_cpu__"})
        if (name.starts_with(prefix)) return true;
    return name.empty() || name == "L0" || name.ends_with("_veneer");
}

std::size_t hash_of(std::string_view name) {
    return std::hash<std::string_view>()(name);
}

class ElfSymbols final : public SymbolTable {
  public:
    /// `start`: where the kernel's own addresses begin.
    ElfSymbols(std::vector<Entry> entries, ByteReader names, std::uint64_t start)
        : names_(names), start_(start), by_address_(std::move(entries)) {
        std::stable_sort(by_address_.begin(), by_address_.end(),
                         [&](const Entry& a, const Entry& b) { return before(a, b); });
    }

    Result<std::uint64_t> address_of(std::string_view name) const override;
    Result<SymbolHit> containing(std::uint64_t address) const override;
    Result<void> for_each(const std::function<bool(const Symbol&)>& visit) const override;
    std::string_view source() const override { return "vmlinux"; }

  private:
    std::string_view name_of(const Entry& entry) const { return names_.c_string(entry.name).value_or(""); }
    Symbol symbol(const Entry& entry) const {
        return {std::string(name_of(entry)), entry.address, entry.type};
    }

    // compare_symbols() of scripts/kallsyms.c, on input that `nm -n` has sorted by address and name.
    bool before(const Entry& a, const Entry& b) const {
        if (a.address != b.address) return a.address < b.address;
        const auto rank = [&](const Entry& entry) {
            const std::string_view name = name_of(entry);
            return std::tuple(entry.type == 'w' || entry.type == 'W', looks_linker_made(name),
                              leading_underscores(name), name);
        };
        return rank(a) < rank(b);
    }

    void index_names() const;

    ByteReader names_;
    std::uint64_t start_;
    std::vector<Entry> by_address_;
    mutable std::once_flag names_indexed_;
    mutable std::vector<std::uint32_t> name_slots_;  // index + 1 into by_address_, placed by the name's hash
};

// Where a name occurs twice the lowest address counts, as in kallsyms_lookup_name().
void ElfSymbols::index_names() const {
    name_slots_.assign(std::bit_ceil(by_address_.size() * 2), 0);
    const std::size_t mask = name_slots_.size() - 1;
    for (std::uint32_t i = 0; i < by_address_.size(); ++i) {
        std::size_t slot = hash_of(name_of(by_address_[i])) & mask;
        while (name_slots_[slot] != 0) slot = (slot + 1) & mask;
        name_slots_[slot] = i + 1;
    }
}

Result<std::uint64_t> ElfSymbols::address_of(std::string_view name) const {
    std::call_once(names_indexed_, [&] { index_names(); });
    const std::size_t mask = name_slots_.size() - 1;
    for (std::size_t slot = hash_of(name) & mask; name_slots_[slot] != 0; slot = (slot + 1) & mask) {
        const Entry& entry = by_address_[name_slots_[slot] - 1];
        if (name_of(entry) == name) return entry.address;
    }
    return fail(ErrorCode::NotFound, "no symbol named " + std::string(name));
}

Result<SymbolHit> ElfSymbols::containing(std::uint64_t address) const {
    const auto above = std::upper_bound(by_address_.begin(), by_address_.end(), address,
                                        [](std::uint64_t a, const Entry& e) { return a < e.address; });
    if (address < start_ || above == by_address_.begin())
        return fail(ErrorCode::NotFound, "no symbol covers the address", address);
    const auto first = std::lower_bound(by_address_.begin(), above, std::prev(above)->address,
                                        [](const Entry& e, std::uint64_t a) { return e.address < a; });
    return SymbolHit{symbol(*first), above == by_address_.end() ? 0 : above->address - first->address, {}};
}

Result<void> ElfSymbols::for_each(const std::function<bool(const Symbol&)>& visit) const {
    for (const Entry& entry : by_address_)
        if (!visit(symbol(entry))) break;
    return {};
}

struct ElfSymbol {
    std::uint32_t name = 0;
    std::uint8_t info = 0;
    std::uint16_t section = 0;
    std::uint64_t value = 0;
};

ElfSymbol read_symbol(const ByteReader& table, std::uint64_t at, bool is_64_bit) {
    if (is_64_bit)
        return {table.u32(at).value_or(0), table.u8(at + 4).value_or(0), table.u16(at + 6).value_or(0),
                table.u64(at + 8).value_or(0)};
    return {table.u32(at).value_or(0), table.u8(at + 12).value_or(0), table.u16(at + 14).value_or(0),
            table.u32(at + 4).value_or(0)};
}

// The letter that nm prints; 0 for what the kernel's own table never holds.
char type_letter(const ElfSymbol& symbol, const std::vector<ElfSection>& sections) {
    const unsigned kind = ELF64_ST_TYPE(symbol.info), binding = ELF64_ST_BIND(symbol.info);
    if (symbol.section == SHN_UNDEF || kind == STT_SECTION || kind == STT_FILE) return 0;
    if (symbol.section == SHN_ABS) return binding == STB_LOCAL ? '\0' : 'A';
    if (binding == STB_WEAK) return kind == STT_OBJECT ? 'V' : 'W';
    if (symbol.section >= sections.size()) return 0;
    const ElfSection& section = sections[symbol.section];
    if ((section.flags & SHF_ALLOC) == 0) return 0;
    // kallsyms lists the zero-based per-CPU symbols as absolute ones (make_percpus_absolute()).
    if (section.address == 0 && section.name == ".data..percpu") return 'A';
    const char letter = (section.flags & SHF_EXECINSTR) != 0 ? 'T'
                        : section.type == SHT_NOBITS         ? 'B'
                        : (section.flags & SHF_WRITE) != 0   ? 'D'
                                                             : 'R';
    return binding == STB_LOCAL ? static_cast<char>(letter - 'A' + 'a') : letter;
}

// Where the kernel's own addresses begin: _text on every architecture.
std::uint64_t start_of_kernel(const ByteReader& table, std::uint64_t step, bool is_64_bit,
                              const ByteReader& names) {
    for (std::uint64_t at = 0; table.holds(at, step); at += step) {
        const ElfSymbol symbol = read_symbol(table, at, is_64_bit);
        if (symbol.section != SHN_UNDEF && names.c_string(symbol.name) == "_text") return symbol.value;
    }
    return 0;
}

}  // namespace

Result<std::unique_ptr<SymbolTable>> read_elf_symbols(const ElfFile& file, std::uint64_t slide) {
    const ElfSection* section = file.section(".symtab");
    if (section == nullptr || section->bytes.empty())
        return fail(ErrorCode::MissingDebugInfo,
                    fmt::format("{}: stripped, it has no symbol table", file.path()));
    if (section->compressed() || section->link >= file.sections().size())
        return fail(ErrorCode::Corrupt, fmt::format("{}: the symbol table is not readable", file.path()));
    const ByteReader table(section->bytes, file.endian());
    const ByteReader names(file.sections()[section->link].bytes, file.endian());
    const std::uint64_t step = file.is_64_bit() ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
    const std::uint64_t start = start_of_kernel(table, step, file.is_64_bit(), names);

    std::vector<Entry> entries;
    entries.reserve(table.size() / step);
    for (std::uint64_t at = 0; table.holds(at, step); at += step) {
        const ElfSymbol symbol = read_symbol(table, at, file.is_64_bit());
        const char type = type_letter(symbol, file.sections());
        if (type == 0 || left_out(names.c_string(symbol.name).value_or(""))) continue;
        entries.push_back({symbol.value >= start ? symbol.value + slide : symbol.value, symbol.name, type});
    }
    if (entries.empty())
        return fail(ErrorCode::Corrupt, fmt::format("{}: the symbol table holds no symbols", file.path()));
    return std::make_unique<ElfSymbols>(std::move(entries), names, start + slide);
}

}  // namespace postmortem
