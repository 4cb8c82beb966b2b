#include "symbols/unit_finder.h"

#include "base/checked.h"

namespace postmortem {
namespace {

constexpr std::size_t max_ranges_of_entry = 1 << 16;

/// One set of .debug_aranges: the ranges of one unit (DWARF 5, section 6.1.2; the same since version 2).
struct AddressSet {
    std::uint64_t end = 0;  // of the set, in the section
    std::uint64_t tuples = 0;
    std::uint64_t unit = 0;
    std::uint8_t address_size = 0;
};

std::optional<AddressSet> read_set(const ByteReader& section, std::uint64_t start) {
    AddressSet set;
    std::uint64_t at = start;
    std::optional<std::uint64_t> length = section.u32(at);
    at += 4;
    const bool wide = length == 0xffffffffull;
    if (wide) {
        length = section.u64(at);
        at += 8;
    }
    if (!length || *length == 0 || !section.holds(at, *length)) return std::nullopt;
    set.end = at + *length;
    const auto version = section.u16(at);
    const std::optional<std::uint64_t> unit =
        wide ? section.u64(at + 2) : std::optional<std::uint64_t>(section.u32(at + 2));
    at += wide ? 10 : 6;
    const auto address_size = section.u8(at), segment_size = section.u8(at + 1);
    if (!unit || !segment_size || version != 2 || *segment_size != 0 ||
        (*address_size != 4 && *address_size != 8))
        return set;
    set.unit = *unit;
    set.address_size = *address_size;
    set.tuples = start + align_up(at + 2 - start, 2ull * *address_size);
    return set;
}

}  // namespace

void add_ranges_of(const Dwarf_Die& die, CodeRanges<Dwarf_Die>& ranges) {
    Dwarf_Die copy = die;
    Dwarf_Addr base = 0, first = 0, end = 0;
    std::ptrdiff_t next = 0;
    for (std::size_t i = 0; i < max_ranges_of_entry; ++i) {
        next = ::dwarf_ranges(&copy, next, &base, &first, &end);
        if (next <= 0) return;
        ranges.add(first, end, die);
    }
}

// libdw can read this section too, and interns every unit of the file while it does: ten times the work.
void UnitFinder::read_aranges() {
    aranges_.emplace();
    const ByteReader section(dwarf_->section(".debug_aranges"), dwarf_->file().endian());
    for (std::uint64_t start = 0; start < section.size();) {
        const auto set = read_set(section, start);
        if (!set) break;
        const std::uint64_t step = 2ull * set->address_size;
        for (std::uint64_t at = set->tuples; step != 0 && at + step <= set->end; at += step) {
            const std::uint64_t first =
                set->address_size == 8 ? section.u64(at).value_or(0) : section.u32(at).value_or(0);
            const std::uint64_t length =
                set->address_size == 8 ? section.u64(at + 8).value_or(0) : section.u32(at + 4).value_or(0);
            aranges_->add(first, checked_add(first, length).value_or(0), set->unit);
        }
        start = set->end;
    }
    aranges_->finish();
}

std::optional<Dwarf_Die> UnitFinder::find_in_aranges(std::uint64_t address) {
    if (!aranges_) read_aranges();
    const Dwarf_Off* unit = aranges_->find(address);
    if (unit == nullptr) return std::nullopt;
    Dwarf_Off next = 0;
    std::size_t header_size = 0;
    Dwarf_Die die;
    if (::dwarf_next_unit(dwarf_->get(), *unit, &next, &header_size, nullptr, nullptr, nullptr, nullptr,
                          nullptr, nullptr) != 0 ||
        ::dwarf_offdie(dwarf_->get(), *unit + header_size, &die) == nullptr)
        return std::nullopt;
    return die;
}

void UnitFinder::index_units() {
    units_.emplace();
    Dwarf_CU* unit = nullptr;
    Dwarf_Die die;
    while (::dwarf_get_units(dwarf_->get(), unit, &unit, nullptr, nullptr, &die, nullptr) == 0)
        add_ranges_of(die, *units_);
    units_->finish();
}

std::optional<Dwarf_Die> UnitFinder::find(std::uint64_t address) {
    if (auto unit = find_in_aranges(address)) return unit;
    if (!units_) index_units();
    const Dwarf_Die* unit = units_->find(address);
    if (unit == nullptr) return std::nullopt;
    return *unit;
}

}  // namespace postmortem
