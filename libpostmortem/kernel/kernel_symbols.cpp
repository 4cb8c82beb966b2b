// What a Kernel knows of names and addresses.
#include <fmt/format.h>

#include "kernel/carried_notes.h"
#include "kernel/image_place.h"
#include "kernel/kernel.h"
#include "kernel/translation.h"
#include "kernel/unnamed_variables.h"
#include "symbols/exported.h"
#include "symbols/kallsyms.h"
#include "symbols/vmlinux.h"

namespace postmortem {
namespace {

/// Without CONFIG_KALLSYMS_ALL there are functions alone, and the little data that lies between them (one
/// symbol of i386 6.1); with it a quarter and more is data (7.2: 26 %, 5.10: 56 %). A damaged table is
/// believed to have all.
bool has_data(const SymbolTable& table) {
    const auto known = table.address_of("init_task");
    if (known || known.error().code != ErrorCode::NotFound) return true;
    std::size_t all = 0, data = 0;
    const auto read = table.for_each([&](const Symbol& symbol) {
        constexpr std::string_view types_of_data = "dDbBrR";
        ++all;
        if (types_of_data.find(symbol.type) != std::string_view::npos) ++data;
        return true;
    });
    return !read || data > all / 20;
}

// Until 2.6.33 (dd17c8f72993) the symbols of per-CPU variables had a prefix, and kallsyms had no absolute
// ones, such as the end of the image, which is that of its last section.
Result<std::uint64_t> by_older_ways(const SymbolTable& table, const AddressSpace& memory,
                                    std::string_view name) {
    if (const auto per_cpu = table.address_of(fmt::format("per_cpu__{}", name))) return *per_cpu;
    if (name == "_end")
        for (const char* last : {"__brk_limit", "__bss_stop"})
            if (const auto end = table.address_of(last)) return *end;
    return exported_address(table, memory, name);
}

}  // namespace

// KERNELOFFSET is x86_64's and some others'; where it is not told, or leads past the start of the code, that
// tells.
Result<std::unique_ptr<SymbolTable>> Kernel::symbols_of(const Vmlinux& vmlinux) const {
    const std::lock_guard guard(lock_);
    const auto here = vmcoreinfo_.symbol("_stext");
    std::uint64_t slide = slide_.value_or(vmcoreinfo_.hex("KERNELOFFSET").value_or(0));
    auto table = vmlinux.symbols(slide);
    const auto there = table ? (*table)->address_of("_stext") : fail(table.error());
    if (here && there && *here != *there) {
        slide += *here - *there;
        table = vmlinux.symbols(slide);
    }
    slide_ = slide;
    return table;
}

std::uint64_t Kernel::slide(const Vmlinux& vmlinux) const {
    const std::lock_guard guard(lock_);
    if (!slide_) (void)symbols_of(vmlinux);
    return *slide_;
}

// Those that an extract carries, else a vmlinux's.
Result<std::unique_ptr<SymbolTable>> Kernel::symbols_of_file() const {
    auto carried = symbols_in_note(*dump_);
    if (carried) return carried;
    const auto file = vmlinux();
    if (file) return symbols_of(**file);
    return fail(carried.error().code == ErrorCode::NotFound ? file.error() : carried.error());
}

Result<const SymbolTable*> Kernel::load_symbols() const {
    Error why;
    if (const auto location = kallsyms_location(*memory_, vmcoreinfo_); !location) {
        why = location.error();
    } else if (auto table = open_kallsyms(*memory_, *location, vmcoreinfo_.symbol("_stext").value_or(0));
               !table) {
        why = std::move(table.error());
    } else if (has_data(**table)) {
        symbol_table_ = std::move(*table);
        return symbol_table_.get();
    } else {
        kallsyms_names_functions_alone_ = true;
        return symbols_beside(std::move(*table), location->last_table());
    }
    auto all = symbols_of_file();
    if (!all && !vmlinux())
        return fail(why.code == ErrorCode::NotFound ? ErrorCode::MissingDebugInfo : why.code,
                    fmt::format("kernel symbols: {}; {}", why.message, vmlinux_install_hint(release())),
                    why.address);
    if (!all) return fail(std::move(all.error()));
    symbol_table_ = std::move(*all);
    return symbol_table_.get();
}

// A file names data as well; without one other tables do, and code.
Result<const SymbolTable*> Kernel::symbols_beside(std::unique_ptr<SymbolTable> functions,
                                                  std::uint64_t rodata) const {
    if (auto all = symbols_of_file()) {
        symbol_table_ = std::move(*all);
        return symbol_table_.get();
    } else if (all.error().code == ErrorCode::Corrupt) {
        why_data_is_unnamed_ = "the symbols that came with the dump are damaged";
    }
    unnamed_ =
        std::make_unique<UnnamedVariables>(*arch_, *memory_, vmcoreinfo_, std::move(functions), rodata);
    return &unnamed_->names();
}

Result<const SymbolTable*> Kernel::symbols() const {
    const std::lock_guard guard(lock_);
    if (!symbols_) {
        symbols_ = load_symbols();
        if (*symbols_) {
            learn_direct_map(*arch_, *memory_, vmcoreinfo_, ***symbols_);
            learn_tags(*arch_, *memory_, ***symbols_);
        }
    }
    return *symbols_;
}

bool Kernel::names_functions_alone() const {
    return symbols() && unnamed_;
}

bool Kernel::modules_name_functions_alone() const {
    return symbols() && kallsyms_names_functions_alone_;
}

bool Kernel::is_of_kernel(std::uint64_t address) const {
    const MemoryLayout& layout = arch_->memory;
    if (address >= layout.lowest_kernel_address || layout.tag_bits == 0)
        return address >= layout.lowest_kernel_address;
    (void)symbols();  // (they tell of tags)
    return memory_->untagged(address) >= layout.lowest_kernel_address;
}

Error Kernel::unnamed(std::string_view names) const {
    return {
        ErrorCode::MissingDebugInfo,
        fmt::format("the kernel's own symbols are functions alone, and {} is none of them; {}", names,
                    why_data_is_unnamed_.empty() ? vmlinux_install_hint(release()) : why_data_is_unnamed_)};
}

Result<std::optional<std::uint64_t>> Kernel::find_symbol(std::string_view name) const {
    if (const auto known = vmcoreinfo_.symbol(name)) return *known;
    auto table = symbols();
    if (!table) return fail(std::move(table.error()));
    auto address = (*table)->address_of(name);
    if (address) return *address;
    if (address.error().code != ErrorCode::NotFound) return fail(std::move(address.error()));
    if (const auto older = by_older_ways(**table, *memory_, name)) return *older;
    if (!unnamed_) return std::nullopt;
    // Types tell of more, but while they are looked for themselves.
    const std::lock_guard guard(lock_);
    auto found = unnamed_->address_of(name, types_are_loading_ ? nullptr : &types());
    return found ? found : fail(unnamed(name));
}

Result<std::uint64_t> Kernel::symbol(std::string_view name) const {
    auto found = find_symbol(name);
    if (!found) return fail(std::move(found.error()));
    if (!*found) return fail(ErrorCode::NotFound, fmt::format("no symbol named {}", name));
    return **found;
}

Result<std::string_view> Kernel::known_symbol(std::initializer_list<std::string_view> names) const {
    std::optional<Error> unread;
    for (const std::string_view name : names) {
        auto found = find_symbol(name);
        if (found && *found) return name;
        if (!found) unread = std::move(found.error());
    }
    const std::string all = fmt::format("{}", fmt::join(names, " or "));
    if (!unread) return fail(ErrorCode::NotFound, fmt::format("no symbol named {}", all));
    if (unnamed_ && unread->code == ErrorCode::MissingDebugInfo) return fail(unnamed(all));
    return fail(std::move(*unread));
}

Result<SymbolHit> Kernel::unnamed_at(std::uint64_t address, Error why) const {
    const std::lock_guard guard(lock_);
    if (why.code == ErrorCode::MissingDebugInfo && !types_are_loading_)
        if (auto name = unnamed_->per_cpu_variable_at(address, &types()); !name.empty())
            return SymbolHit{{std::move(name), address, '?'}, 0, {}};
    why.message += fmt::format("; {}", vmlinux_install_hint(release()));
    return fail(std::move(why));
}

Result<SymbolHit> Kernel::symbol_of_image(std::uint64_t address) const {
    auto table = symbols();
    if (!table) return fail(std::move(table.error()));
    auto hit = (*table)->containing(address);
    // The last symbol of the image does not reach into whatever lies above it, nor the last per-CPU one up to
    // the image. The largest variable is the log buffer (CONFIG_LOG_BUF_SHIFT is 25 at most).
    constexpr std::uint64_t plausible_size = 64ull << 20;
    if (hit && address - hit->symbol.address > plausible_size)
        return fail(ErrorCode::NotFound, "no symbol covers the address", address);
    if (!hit && names_functions_alone()) return unnamed_at(address, std::move(hit.error()));
    return hit;
}

}  // namespace postmortem
