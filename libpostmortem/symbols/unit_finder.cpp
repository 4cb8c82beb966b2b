#include "symbols/unit_finder.h"

#include <algorithm>

namespace postmortem {
namespace {

constexpr std::size_t max_ranges_of_entry = 1 << 16;

}  // namespace

void CodeRanges::add(const Dwarf_Die& die) {
    Dwarf_Die copy = die;
    Dwarf_Addr base = 0, first = 0, end = 0;
    std::ptrdiff_t next = 0;
    for (std::size_t i = 0; i < max_ranges_of_entry; ++i) {
        next = ::dwarf_ranges(&copy, next, &base, &first, &end);
        if (next <= 0) return;
        // Code that the linker dropped is left at address 0.
        if (first != 0 && first < end) ranges_.push_back({first, end, die});
    }
}

void CodeRanges::finish() {
    std::stable_sort(ranges_.begin(), ranges_.end(),
                     [](const CodeRange& a, const CodeRange& b) { return a.first < b.first; });
}

const Dwarf_Die* CodeRanges::find(std::uint64_t address) const {
    constexpr int max_overlaps = 64;
    auto at = std::upper_bound(ranges_.begin(), ranges_.end(), address,
                               [](std::uint64_t a, const CodeRange& range) { return a < range.first; });
    for (int i = 0; i < max_overlaps && at != ranges_.begin(); ++i) {
        --at;
        if (address < at->end) return &at->die;
    }
    return nullptr;
}

std::optional<Dwarf_Die> UnitFinder::find_in_aranges(std::uint64_t address) {
    if (!aranges_read_) {
        aranges_read_ = true;
        std::size_t count = 0;
        if (::dwarf_getaranges(dwarf_, &aranges_, &count) != 0 || count == 0) aranges_ = nullptr;
    }
    if (aranges_ == nullptr) return std::nullopt;
    Dwarf_Arange* range = ::dwarf_getarange_addr(aranges_, address);
    Dwarf_Off offset = 0;
    Dwarf_Die unit;
    if (range == nullptr || ::dwarf_getarangeinfo(range, nullptr, nullptr, &offset) != 0 ||
        ::dwarf_offdie(dwarf_, offset, &unit) == nullptr)
        return std::nullopt;
    return unit;
}

void UnitFinder::index_units() {
    units_.emplace();
    Dwarf_CU* unit = nullptr;
    Dwarf_Die die;
    while (::dwarf_get_units(dwarf_, unit, &unit, nullptr, nullptr, &die, nullptr) == 0) units_->add(die);
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
