#include "kernel/unwind/orc.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "kernel/module/modules.h"

namespace postmortem {
namespace {

constexpr std::uint32_t most_entries = 1u << 24;

std::uint64_t bits_of(std::uint64_t raw, OrcLayout::Bits bits) {
    return raw >> bits.bit & ((1ull << bits.size) - 1);
}

std::optional<OrcLayout> layout_from_types(const TypeFinder& types, const char* fp_member) {
    const auto entry = types.find_struct("orc_entry");
    if (!entry) return std::nullopt;
    bool whole = true;
    const auto bits = [&](const char* name, bool needed) {
        const auto place = types.member(*entry, name);
        const bool usable = place && place->bit_size > 0 && place->bit_size <= 8 &&
                            place->bit_offset + place->bit_size <= OrcTable::entry_size * 8;
        if (needed && !usable) whole = false;
        return usable ? OrcLayout::Bits{static_cast<std::uint32_t>(place->bit_offset), place->bit_size}
                      : OrcLayout::Bits{};
    };
    OrcLayout layout;
    layout.sp_register = bits("sp_reg", true);
    layout.fp_register = bits(fp_member, true);
    layout.type = bits("type", true);
    layout.signal = bits("signal", false);  // 6.3 (ffb1b4a41016)
    layout.end = bits("end", false);        // 4.18 to 6.3
    if (!whole) return std::nullopt;
    return layout;
}

// The address of entry `index`.
Result<std::uint64_t> address_at(const AddressSpace& memory, const OrcTable& table, std::uint32_t index) {
    const std::uint64_t place = table.addresses + 4ull * index;
    auto distance = memory.get<std::int32_t>(place);
    if (!distance) return fail(std::move(distance.error()));
    return place + static_cast<std::uint64_t>(std::int64_t{*distance});
}

Result<std::uint64_t> raw_entry(const AddressSpace& memory, const OrcTable& table, std::uint32_t index) {
    std::array<std::byte, 8> raw{};
    const auto six = std::span(raw).first(OrcTable::entry_size);
    if (auto done = memory.read(table.entries + OrcTable::entry_size * index, six); !done)
        return fail(std::move(done.error()));
    return load<std::uint64_t>(raw.data(), Endian::Little);
}

Result<OrcEntry> named(Result<OrcEntry> entry, std::string_view tables) {
    if (!entry) entry.error().message = fmt::format("{}: {}", tables, entry.error().message);
    return entry;
}

}  // namespace

OrcEntry OrcLayout::decode(std::uint64_t raw) const {
    OrcEntry entry;
    entry.sp_offset = static_cast<std::int16_t>(raw);
    entry.fp_offset = static_cast<std::int16_t>(raw >> 16);
    entry.sp_register = (*numbering)[bits_of(raw, sp_register) % numbering->size()];
    entry.fp_register = (*numbering)[bits_of(raw, fp_register) % numbering->size()];
    const std::uint64_t number = bits_of(raw, type);
    if (type.size >= 3) {
        entry.type = number <= static_cast<std::uint64_t>(OrcType::RegsPartial) ? static_cast<OrcType>(number)
                                                                                : OrcType::Undefined;
        entry.signal = bits_of(raw, signal) != 0;
        return entry;
    }
    // Until 6.3 (fb799447ae29 changed it): 0 call, 1 registers, 2 their end; an undefined frame has no
    // register to be found from.
    static constexpr std::array<OrcType, 4> older = {OrcType::Call, OrcType::Regs, OrcType::RegsPartial,
                                                     OrcType::Undefined};
    entry.type = older[number];
    if (entry.sp_register == OrcRegister::Undefined)
        entry.type = bits_of(raw, end) != 0 ? OrcType::EndOfStack : OrcType::Undefined;
    entry.signal = entry.type == OrcType::Regs || entry.type == OrcType::RegsPartial;
    return entry;
}

OrcTables::OrcTables(const Kernel& kernel) : kernel_(kernel), table_(kernel_table()) {
    const auto numberings = kernel.arch().code.orc_numberings;
    if (numberings.empty()) return;
    layout_.numbering = &numberings.front();
    exist_ = table_ || table_.error().code != ErrorCode::NotFound;
    if (table_)
        layout_ = detect_layout(kernel.memory(), *table_, numberings,
                                layout_from_types(kernel.types(), kernel.arch().code.orc_fp_member));
}

Result<OrcTable> OrcTables::kernel_table() const {
    const auto addresses = kernel_.symbol("__start_orc_unwind_ip");
    const auto stop = kernel_.symbol("__stop_orc_unwind_ip");
    const auto entries = kernel_.symbol("__start_orc_unwind");
    for (const auto* part : {&addresses, &stop, &entries}) {
        if (*part) continue;
        return fail(part->error().code, fmt::format("the kernel's ORC tables: {}", part->error().message));
    }
    const std::uint64_t count = (*stop - *addresses) / 4;
    if (*stop <= *addresses || count > most_entries)
        return fail(ErrorCode::Corrupt, "the kernel's ORC tables have an impossible size", *addresses);
    return OrcTable{*addresses, *entries, static_cast<std::uint32_t>(count)};
}

// Nearly every entry of a kernel says: a call, the frame is found from the stack pointer. The layout that
// reads a run of entries so is the right one.
OrcLayout OrcTables::detect_layout(const AddressSpace& memory, const OrcTable& table,
                                   std::span<const OrcNumbering> numberings,
                                   const std::optional<OrcLayout>& bits) {
    std::vector<OrcLayout> candidates;
    for (const OrcNumbering& numbers : numberings) {
        candidates.push_back(bits.value_or(OrcLayout()));
        candidates.back().numbering = &numbers;
    }
    // Numbers changed later than the layout: the first ones went with the old one, too.
    if (!bits) candidates.push_back(OrcLayout::before_6_4(numberings.front()));

    constexpr std::uint32_t samples = 256;
    std::vector<std::uint32_t> plain_calls(candidates.size(), 0);
    const std::uint32_t first = table.count / 2, last = std::min(table.count, first + samples);
    for (std::uint32_t i = first; i < last; ++i) {
        const auto raw = raw_entry(memory, table, i);
        if (!raw) continue;
        for (std::size_t c = 0; c < candidates.size(); ++c) {
            const OrcEntry entry = candidates[c].decode(*raw);
            plain_calls[c] += entry.type == OrcType::Call && entry.sp_register == OrcRegister::Sp;
        }
    }
    const auto best = std::max_element(plain_calls.begin(), plain_calls.end());
    return candidates[static_cast<std::size_t>(best - plain_calls.begin())];
}

Result<OrcTable> OrcTables::module_table(const Module& module) const {
    const std::lock_guard guard(lock_);
    const auto known = modules_.find(module.address);
    if (known != modules_.end()) return known->second;

    const Object arch = kernel_.object("module", module.address)["arch"];
    const auto addresses = arch["orc_unwind_ip"].u64(), entries = arch["orc_unwind"].u64(),
               count = arch["num_orcs"].u64();
    Result<OrcTable> table = OrcTable{};
    for (const auto* part : {&addresses, &entries, &count})
        if (!*part)
            table = fail(part->error().code,
                         fmt::format("the ORC tables of module {}: {}", module.name, part->error().message));
    if (table && *count > most_entries)
        table = fail(ErrorCode::Corrupt, fmt::format("module {} claims {} ORC entries", module.name, *count),
                     *addresses);
    if (table) table = OrcTable{*addresses, *entries, static_cast<std::uint32_t>(*count)};
    modules_.emplace(module.address, table);
    return table;
}

Result<OrcEntry> OrcTables::find_in(const AddressSpace& memory, const OrcTable& table,
                                    const OrcLayout& layout, std::uint64_t ip) {
    // The first entry above `ip`; the one before it covers `ip`.
    std::uint32_t low = 0, high = table.count;
    while (low < high) {
        const std::uint32_t middle = low + (high - low) / 2;
        const auto address = address_at(memory, table, middle);
        if (!address) return fail(address.error());
        if (*address <= ip) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == 0) return fail(ErrorCode::NotFound, "no ORC entry covers the address", ip);
    const auto raw = raw_entry(memory, table, low - 1);
    if (!raw) return fail(raw.error());
    return layout.decode(*raw);
}

Result<OrcEntry> OrcTables::find(std::uint64_t ip) const {
    // A call through a null function pointer: the return address is all that was pushed (null_orc_entry in
    // unwind_orc.c).
    if (ip == 0) {
        const auto pushed = static_cast<std::int16_t>(kernel_.arch().word_size);
        return OrcEntry{pushed, 0, OrcRegister::Sp, OrcRegister::Undefined, OrcType::Call, false};
    }
    if (!layout_.numbering) return fail(ErrorCode::NotFound, "this architecture has no unwind tables");
    if (const Module* module = kernel_.modules().find(ip)) {
        const auto table = module_table(*module);
        if (!table) return fail(table.error());
        return named(find_in(kernel_.memory(), *table, layout_, ip),
                     "the ORC tables of module " + module->name);
    }
    if (!table_) return fail(table_.error());
    return named(find_in(kernel_.memory(), *table_, layout_, ip), "the kernel's ORC tables");
}

}  // namespace postmortem
