#include "kernel/mm/swapped_pages.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace postmortem {
namespace {

constexpr unsigned most_others = 512;

std::uint64_t taken(SwapEntryForm::Bits bits, std::uint64_t entry) {
    return entry >> bits.first & (~std::uint64_t{0} >> (64 - bits.count));
}

// How often a page of the area is used, as the area itself counts it: one number for each page; since the
// counts moved into the clusters (7.0) what a table of each has for it.
Result<std::uint64_t> uses_of(const Object& area, std::uint64_t page) {
    constexpr std::uint64_t bad = 0x3f;  // SWAP_MAP_BAD (include/linux/swap.h): no page is ever put there
    if (area.has("swap_map")) {
        const auto uses = area["swap_map"].at(page).u64();
        return uses ? *uses == bad ? 0 : *uses : uses;
    }
    const auto table = area.types().find_struct("swap_table");
    const auto entries = table ? area.types().member(*table, "entries") : fail(table.error());
    if (!entries) return fail(entries.error());
    const std::uint64_t slots = area.types().get(entries->type).count;
    if (slots == 0) return fail(ErrorCode::Corrupt, "a cluster of swap has no pages");
    const auto of_cluster = area["cluster_info"].at(page / slots)["table"].u64();
    if (!of_cluster || *of_cluster == 0) return of_cluster;
    return area["cluster_info"].at(page / slots)["table"].at(page % slots).u64();
}

}  // namespace

void SwappedPages::read_areas() {
    known_ = true;
    SwapState swap = read_swap(kernel_);
    problems_ = std::move(swap.problems);
    // (a kernel without swap)
    std::erase_if(problems_, [](const Error& problem) { return problem.code == ErrorCode::NotFound; });
    for (SwapAreaState& area : swap.areas) {
        const Object info = kernel_.object("swap_info_struct", area.address);
        areas_.push_back({area.number, std::move(area.path), info["max"].u64_or(0), info});
    }
    // PageAnonExclusive() came with the mark of it in entries (5.19, 78fbe906cc90).
    const bool marks_exclusive = kernel_.types().enum_with("PG_anon_exclusive").has_value();
    for (const SwapEntryForm& form : all_forms_)
        if (form.marks_exclusive.value_or(marks_exclusive) == marks_exclusive) forms_.push_back(&form);
}

std::optional<SwappedPages::Reading> SwappedPages::read_as(const SwapEntryForm& form,
                                                           std::uint64_t entry) const {
    const auto number = static_cast<std::uint32_t>(taken(form.area, entry));
    const SwapEntryForm::Bits bits =
        form.page.first != 0
            ? form.page
            : SwapEntryForm::Bits{static_cast<unsigned>(std::countr_zero(kernel_.physical().page_size())),
                                  form.page.count};
    const std::uint64_t page = taken(bits, form.inverted ? ~entry : entry);
    const auto area =
        std::find_if(areas_.begin(), areas_.end(), [&](const Area& one) { return one.number == number; });
    if (area == areas_.end() || page == 0 || page >= area->slots) return std::nullopt;
    const auto uses = uses_of(area->info, page);
    if (uses && *uses == 0) return std::nullopt;
    return Reading{&form, {number, area->path, page}, uses.has_value()};
}

std::vector<SwappedPages::Reading> SwappedPages::readings_of(std::uint64_t entry) const {
    std::vector<Reading> readings;
    for (const SwapEntryForm* form : forms_)
        if (auto reading = read_as(*form, entry)) readings.push_back(std::move(*reading));
    return readings;
}

// All entries of a kernel have one form: where one is in use by some of the forms only, the others are not
// its.
void SwappedPages::learn_from(const std::vector<Reading>& readings) {
    if (std::none_of(readings.begin(), readings.end(), [](const Reading& one) { return one.in_use; })) return;
    std::erase_if(forms_, [&](const SwapEntryForm* form) {
        return std::none_of(readings.begin(), readings.end(),
                            [form](const Reading& one) { return one.form == form; });
    });
}

std::optional<SwappedPage> SwappedPages::find(std::uint64_t entry, const Others& others) {
    if (entry == 0) return std::nullopt;
    if (!known_) read_areas();
    const auto told = [](const std::vector<Reading>& readings) {
        return std::all_of(readings.begin(), readings.end(),
                           [&](const Reading& one) { return one.page == readings.front().page; });
    };
    std::vector<Reading> readings = readings_of(entry);
    learn_from(readings);
    for (unsigned i = 0; !told(readings) && others && i < most_others && others_left_ > 0; ++i) {
        const auto other = others(i);
        if (!other) break;
        --others_left_;
        learn_from(readings_of(*other));
        readings = readings_of(entry);
    }
    if (readings.empty()) return std::nullopt;
    if (told(readings)) return readings.front().page;
    if (!std::exchange(told_of_doubt_, true))
        problems_.emplace_back(
            ErrorCode::Unsupported,
            "pages in swap whose entries can be read in several ways are not shown as such");
    return std::nullopt;
}

}  // namespace postmortem
