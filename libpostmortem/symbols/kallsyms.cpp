#include "symbols/kallsyms.h"

#include <array>
#include <optional>

#include <fmt/format.h>

#include "base/checked.h"
#include "symbols/kallsyms_names.h"

namespace postmortem {
namespace {

constexpr std::uint32_t max_symbols = 1u << 23;
constexpr std::uint32_t most_aliases = 1024;  // symbols at one address that are looked through

/// What an entry of the address table means.
enum class AddressKind {
    FromBase,          ///< base + unsigned offset: CONFIG_KALLSYMS_BASE_RELATIVE without per-CPU absolutes
    AbsolutePercpu,    ///< ≥ 0: an absolute (per-CPU) value; < 0: base - 1 - offset
    RelativeToItself,  ///< 7.x: the signed distance from the entry itself
    Absolute           ///< before 4.6, or without CONFIG_KALLSYMS_BASE_RELATIVE: the address, a word
};

class Kallsyms final : public SymbolTable {
  public:
    Kallsyms(const AddressSpace& memory, const KallsymsLocation& location, std::uint32_t count,
             std::unique_ptr<KallsymsNames> names)
        : memory_(memory), at_(location), count_(count), names_(std::move(names)) {}

    Result<void> prepare(std::uint64_t stext);

    Result<std::uint64_t> address_of(std::string_view name) const override;
    Result<SymbolHit> containing(std::uint64_t address) const override;
    Result<void> for_each(const std::function<bool(const Symbol&)>& visit) const override;
    std::string_view source() const override { return "kallsyms"; }

  private:
    Result<void> choose_address_kind();
    Result<std::uint64_t> word(std::uint64_t place) const;
    Result<void> skip_absolute_symbols();
    Result<void> prove(std::uint64_t stext) const;
    void locate_name_order(std::uint64_t stext);

    Result<std::uint64_t> address(std::uint32_t index) const;
    Result<std::uint32_t> last_at_or_below(std::uint64_t address) const;
    std::uint32_t first_alias(std::uint32_t index, std::uint64_t address) const;
    std::uint64_t kernel_half() const { return 1ull << (8 * at_.word_size - 1); }
    std::uint64_t word_mask() const { return kernel_half() | (kernel_half() - 1); }
    std::vector<std::uint64_t> name_order_candidates() const;
    Result<std::uint32_t> index_in_order(std::uint64_t order, std::uint32_t rank) const;
    Result<std::uint32_t> search_by_order(std::uint64_t order, std::string_view name) const;

    const AddressSpace& memory_;
    KallsymsLocation at_;
    std::uint32_t count_;
    std::unique_ptr<KallsymsNames> names_;
    AddressKind kind_ = AddressKind::FromBase;
    std::uint64_t base_ = 0;
    std::uint32_t first_mapped_ = 0;  ///< symbols before it are absolute per-CPU values, not addresses
    std::uint64_t name_order_ = 0;    ///< kallsyms_seqs_of_names; 0 where the kernel has none
};

bool is_hole(const Error& error) {
    return error.code != ErrorCode::NotFound && error.code != ErrorCode::Corrupt;
}

Result<void> Kallsyms::prepare(std::uint64_t stext) {
    if (auto done = choose_address_kind(); !done) return done;
    if (auto done = skip_absolute_symbols(); !done) return done;
    locate_name_order(stext);
    // A name on a page that the dump lacks proves nothing, for or against.
    if (name_order_ == 0 && stext != 0)
        if (auto proof = prove(stext); !proof && !is_hole(proof.error())) return proof;
    return {};
}

Result<std::uint64_t> Kallsyms::word(std::uint64_t place) const {
    if (at_.word_size == 8) return memory_.u64(place);
    return memory_.u32(place).map([](std::uint32_t v) { return std::uint64_t{v}; });
}

Result<void> Kallsyms::choose_address_kind() {
    if (at_.addresses != 0) {
        kind_ = AddressKind::Absolute;
        return {};
    }
    if (at_.relative_base == 0) {
        kind_ = AddressKind::RelativeToItself;
        return {};
    }
    auto base = word(at_.relative_base);
    auto last = memory_.get<std::int32_t>(at_.offsets + 4ull * (count_ - 1));
    if (!base) return fail(std::move(base.error()));
    if (!last) return fail(std::move(last.error()));
    base_ = *base;
    kind_ = *last < 0 ? AddressKind::AbsolutePercpu : AddressKind::FromBase;
    return {};
}

// Addresses ascend, and the absolute values come first.
Result<void> Kallsyms::skip_absolute_symbols() {
    if (kind_ != AddressKind::AbsolutePercpu && kind_ != AddressKind::Absolute) return {};
    std::uint32_t low = 0, high = count_ - 1;
    while (low < high) {
        const std::uint32_t middle = low + (high - low) / 2;
        auto here = address(middle);
        if (!here) return fail(std::move(here.error()));
        if (*here >= kernel_half()) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    first_mapped_ = low;
    return {};
}

// Names and addresses are decoded alike and wrongly alike, but hardly so that this symbol fits.
Result<void> Kallsyms::prove(std::uint64_t stext) const {
    auto last = last_at_or_below(stext);
    if (!last) return fail(std::move(last.error()));
    for (std::uint32_t index = first_alias(*last, stext); index <= *last; ++index) {
        auto text = names_->at(index);
        if (!text) return fail(std::move(text.error()));
        if (std::string_view(*text).substr(1) == "_stext") return {};
    }
    return fail(ErrorCode::Corrupt, fmt::format("kallsyms does not place _stext at {:#x}", stext), stext);
}

// It follows the markers (6.1.59 to 6.3), or relative_base after the offsets (6.4 and later), or the offsets
// themselves (7.x), at either alignment. Which of the places it is shows when it is used.
std::vector<std::uint64_t> Kallsyms::name_order_candidates() const {
    const std::uint64_t offsets_end = at_.offsets + 4ull * count_;
    std::vector<std::uint64_t> places;
    for (const std::uint64_t alignment : kallsyms_alignments) {
        places.push_back(align_up(names_->markers_end(), alignment));
        places.push_back(align_up(offsets_end, alignment));
        if (at_.relative_base != 0) places.push_back(align_up(at_.relative_base + at_.word_size, alignment));
    }
    return places;
}

void Kallsyms::locate_name_order(std::uint64_t stext) {
    for (const std::uint64_t candidate : name_order_candidates()) {
        const auto found = search_by_order(candidate, "_stext");
        if (!found) continue;
        const auto where = address(*found);
        if (where && (stext == 0 || *where == stext)) {
            name_order_ = candidate;
            return;
        }
    }
}

Result<std::uint64_t> Kallsyms::address(std::uint32_t index) const {
    if (kind_ == AddressKind::Absolute) return word(at_.addresses + std::uint64_t{at_.word_size} * index);
    const std::uint64_t place = at_.offsets + 4ull * index;
    auto raw = memory_.get<std::int32_t>(place);
    if (!raw) return fail(std::move(raw.error()));
    const auto extended = static_cast<std::uint64_t>(static_cast<std::int64_t>(*raw));
    switch (kind_) {
        case AddressKind::RelativeToItself: return (place + extended) & word_mask();
        case AddressKind::AbsolutePercpu: return *raw >= 0 ? extended : (base_ - 1 - extended) & word_mask();
        default: return base_ + static_cast<std::uint32_t>(*raw);
    }
}

// kallsyms_seqs_of_names: 24-bit indices, most significant byte first, in the order of strcmp() over the
// names.
Result<std::uint32_t> Kallsyms::index_in_order(std::uint64_t order, std::uint32_t rank) const {
    std::array<std::byte, 3> raw;
    if (auto done = memory_.read(order + 3ull * rank, raw); !done) return fail(std::move(done.error()));
    const auto part = [&](std::size_t i) { return std::to_integer<std::uint32_t>(raw[i]); };
    const std::uint32_t index = part(0) << 16 | part(1) << 8 | part(2);
    if (index >= count_) return fail(ErrorCode::Corrupt, "a kallsyms name index is out of range", order);
    return index;
}

Result<std::uint32_t> Kallsyms::search_by_order(std::uint64_t order, std::string_view name) const {
    std::uint32_t low = 0, high = count_;
    std::optional<std::uint32_t> match;
    std::string above, below;  // what the search has learnt so far of its neighbourhood
    while (low < high) {
        const std::uint32_t middle = low + (high - low) / 2;
        auto index = index_in_order(order, middle);
        if (!index) return fail(std::move(index.error()));
        auto text = names_->at(*index);
        if (!text) return fail(std::move(text.error()));
        text->erase(0, 1);
        if (*text < below || (!above.empty() && *text > above))
            return fail(ErrorCode::Corrupt, "the kallsyms name index is out of order", order + 3ull * middle);
        if (*text < name) {
            low = middle + 1;
            below = std::move(*text);
        } else {
            if (*text == name) match = *index;
            high = middle;
            above = std::move(*text);
        }
    }
    if (match) return *match;
    return fail(ErrorCode::NotFound, "no symbol named " + std::string(name));
}

Result<void> Kallsyms::for_each(const std::function<bool(const Symbol&)>& visit) const {
    Result<void> unreadable_addresses;
    auto names = names_->for_each([&](std::uint32_t index, std::string_view text) {
        const auto where = address(index);
        if (where) return visit({std::string(text.substr(1)), *where, text.front()});
        if (unreadable_addresses) unreadable_addresses = fail(where.error());
        return true;
    });
    return names ? unreadable_addresses : names;
}

Result<std::uint64_t> Kallsyms::address_of(std::string_view name) const {
    if (name_order_ != 0) {
        const auto found = search_by_order(name_order_, name);
        if (found) return address(*found);
        if (found.error().code == ErrorCode::NotFound) return fail(found.error());
        // A hole on the path of the search need not concern the name: all the others are looked through.
    }
    const auto found = names_->find(name);
    if (!found) return fail(found.error());
    return address(*found);
}

Result<std::uint32_t> Kallsyms::last_at_or_below(std::uint64_t wanted) const {
    std::uint32_t low = first_mapped_, high = count_;
    while (low < high) {
        const std::uint32_t middle = low + (high - low) / 2;
        auto here = address(middle);
        if (!here) return fail(std::move(here.error()));
        if (*here <= wanted) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == first_mapped_) return fail(ErrorCode::NotFound, "no symbol covers the address", wanted);
    return low - 1;
}

std::uint32_t Kallsyms::first_alias(std::uint32_t index, std::uint64_t start) const {
    for (std::uint32_t i = 0; i < most_aliases && index > first_mapped_; ++i, --index) {
        const auto before = address(index - 1);
        if (!before || *before != start) break;
    }
    return index;
}

Result<SymbolHit> Kallsyms::containing(std::uint64_t wanted) const {
    auto last = last_at_or_below(wanted);
    if (!last) return fail(std::move(last.error()));
    auto start = address(*last);
    if (!start) return fail(std::move(start.error()));
    std::uint64_t size = 0;
    if (*last + 1 < count_) {
        if (auto next = address(*last + 1)) size = *next - *start;
    }
    auto text = names_->at(first_alias(*last, *start));
    if (!text) return fail(std::move(text.error()));
    return SymbolHit{{text->substr(1), *start, text->front()}, size, {}};
}

}  // namespace

Result<std::unique_ptr<SymbolTable>> open_kallsyms(const AddressSpace& memory,
                                                   const KallsymsLocation& location, std::uint64_t stext) {
    // As wide as a marker: an unsigned long until 4.19.
    auto claimed = location.marker_size == 8
                       ? memory.u64(location.num_syms)
                       : memory.u32(location.num_syms).map([](std::uint32_t v) { return std::uint64_t{v}; });
    if (!claimed) return fail(std::move(claimed.error()));
    if (*claimed == 0 || *claimed > max_symbols)
        return fail(ErrorCode::Corrupt, fmt::format("kallsyms claims {} symbols", *claimed),
                    location.num_syms);
    const auto count = static_cast<std::uint32_t>(*claimed);
    auto names = KallsymsNames::open(memory, location, count);
    if (!names) return fail(std::move(names.error()));
    auto table = std::make_unique<Kallsyms>(memory, location, count, std::move(*names));
    if (auto done = table->prepare(stext); !done) return fail(std::move(done.error()));
    return table;
}

}  // namespace postmortem
