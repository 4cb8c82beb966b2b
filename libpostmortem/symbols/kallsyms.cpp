#include "symbols/kallsyms.h"

#include <algorithm>
#include <mutex>
#include <unordered_map>

#include <fmt/format.h>

#include "base/checked.h"

namespace postmortem {
namespace {

constexpr std::uint32_t symbols_per_marker = 256;
constexpr std::uint32_t max_symbols = 1u << 23;
constexpr std::size_t max_name_bytes = 512;  // KSYM_NAME_LEN is 512 since 6.1
constexpr std::size_t token_count = 256;
constexpr std::size_t max_token_table = 64 * 1024;
constexpr std::uint64_t table_alignment = 8;

/// The 256 byte-pair tokens, expanded to text.
class Tokens {
  public:
    static Result<Tokens> read(const AddressSpace& memory, std::uint64_t table, std::uint64_t index) {
        auto raw_index = memory.bytes(index, token_count * 2);
        if (!raw_index) return fail(std::move(raw_index.error()));
        const ByteReader offsets(*raw_index, memory.endian());
        Tokens tokens;
        const std::size_t table_bytes = *offsets.u16((token_count - 1) * 2) + std::size_t{64};
        auto raw = memory.bytes(table, table_bytes);
        if (!raw) return fail(std::move(raw.error()));
        for (std::size_t i = 0; i < token_count; ++i) {
            const auto text = ByteReader(*raw).c_string(*offsets.u16(i * 2));
            if (!text)
                return fail(ErrorCode::Corrupt, "the kallsyms token table has an entry past its end", table);
            tokens.text_[i] = *text;
        }
        return tokens;
    }

    std::string_view operator[](std::uint8_t token) const { return text_[token]; }

  private:
    std::array<std::string, token_count> text_;
};

/// One compressed name: the tokens, and where the next entry starts.
struct NameEntry {
    std::array<std::byte, max_name_bytes> tokens;
    std::size_t length = 0;
    std::uint64_t next = 0;
};

Result<NameEntry> read_name(const AddressSpace& memory, std::uint64_t at) {
    NameEntry entry;
    auto first = memory.get<std::uint8_t>(at++);
    if (!first) return fail(std::move(first.error()));
    entry.length = *first;
    // "Big" symbols (since 6.1) have a second length byte.
    if (*first & 0x80) {
        auto second = memory.get<std::uint8_t>(at++);
        if (!second) return fail(std::move(second.error()));
        entry.length = (*first & 0x7fu) | (std::size_t{*second} << 7);
    }
    if (entry.length == 0 || entry.length > entry.tokens.size())
        return fail(ErrorCode::Corrupt, "a kallsyms name has an impossible length", at);
    if (auto done = memory.read(at, std::span(entry.tokens).first(entry.length)); !done)
        return fail(std::move(done.error()));
    entry.next = at + entry.length;
    return entry;
}

/// How an entry of kallsyms_offsets becomes an address.
enum class OffsetKind {
    FromBase,          ///< base + unsigned offset: CONFIG_KALLSYMS_BASE_RELATIVE without per-CPU absolutes
    AbsolutePercpu,    ///< ≥ 0: an absolute (per-CPU) value; < 0: base - 1 - offset
    RelativeToItself,  ///< 7.x: the signed distance from the entry itself
};

class Kallsyms final : public SymbolTable {
  public:
    Kallsyms(const AddressSpace& memory, const KallsymsLocation& location, std::uint32_t count, Tokens tokens)
        : memory_(memory), at_(location), count_(count), tokens_(std::move(tokens)) {}

    Result<void> prepare(std::uint64_t stext);

    Result<std::uint64_t> address_of(std::string_view name) const override;
    Result<SymbolHit> containing(std::uint64_t address) const override;
    Result<void> for_each(const std::function<bool(const Symbol&)>& visit) const override;
    std::string_view source() const override { return "kallsyms"; }

  private:
    using NameIndex = std::unordered_map<std::string, std::uint32_t>;

    Result<void> choose_offset_kind();
    Result<void> locate_markers();
    void locate_name_order(std::uint64_t stext);

    Result<std::uint64_t> address(std::uint32_t index) const;
    Result<Symbol> symbol(std::uint32_t index) const;
    Result<std::uint64_t> name_position(std::uint32_t index) const;
    Result<std::uint32_t> last_at_or_below(std::uint64_t address) const;
    Result<std::uint32_t> index_in_order(std::uint64_t order, std::uint32_t rank) const;
    Result<std::uint64_t> search_by_order(std::uint64_t order, std::string_view name) const;
    Result<const NameIndex*> name_index() const;
    Symbol expand(const NameEntry& entry) const;

    const AddressSpace& memory_;
    KallsymsLocation at_;
    std::uint32_t count_;
    Tokens tokens_;
    OffsetKind kind_ = OffsetKind::FromBase;
    std::uint64_t base_ = 0;
    std::uint32_t first_mapped_ = 0;  ///< symbols before it are absolute per-CPU values, not addresses
    std::uint64_t name_order_ = 0;    ///< kallsyms_seqs_of_names; 0 where the kernel has none

    mutable std::mutex index_lock_;
    mutable std::unique_ptr<NameIndex> index_;
};

Result<void> Kallsyms::prepare(std::uint64_t stext) {
    if (auto done = choose_offset_kind(); !done) return done;
    if (auto done = locate_markers(); !done) return done;
    locate_name_order(stext);
    if (name_order_ != 0) return {};
    const auto found = address_of("_stext");
    if (!found) return fail(found.error());
    if (stext != 0 && *found != stext)
        return fail(ErrorCode::Corrupt,
                    fmt::format("kallsyms places _stext at {:#x}, VMCOREINFO at {:#x}", *found, stext),
                    at_.offsets);
    return {};
}

Result<void> Kallsyms::choose_offset_kind() {
    if (at_.relative_base == 0) {
        kind_ = OffsetKind::RelativeToItself;
        return {};
    }
    auto base = memory_.u64(at_.relative_base);
    auto last = memory_.get<std::int32_t>(at_.offsets + 4ull * (count_ - 1));
    if (!base) return fail(std::move(base.error()));
    if (!last) return fail(std::move(last.error()));
    base_ = *base;
    kind_ = *last < 0 ? OffsetKind::AbsolutePercpu : OffsetKind::FromBase;
    if (kind_ == OffsetKind::FromBase) return {};

    // Addresses ascend, and the absolute values come first.
    std::uint32_t low = 0, high = count_ - 1;
    while (low < high) {
        const std::uint32_t middle = low + (high - low) / 2;
        auto offset = memory_.get<std::int32_t>(at_.offsets + 4ull * middle);
        if (!offset) return fail(std::move(offset.error()));
        if (*offset < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    first_mapped_ = low;
    return {};
}

// The markers (a position for every 256th name) follow the names, aligned.
Result<void> Kallsyms::locate_markers() {
    if (at_.markers != 0) return {};
    // The end of the names is known only by reading them; the markers are found from the other side where the
    // order of the tables allows it: ... names, markers, [seqs,] token_table ...
    const std::uint64_t marker_bytes =
        align_up(4ull * ((count_ + symbols_per_marker - 1) / symbols_per_marker), 8);
    const std::uint64_t seqs_bytes = align_up(3ull * count_, 8);
    for (const std::uint64_t gap : {marker_bytes, marker_bytes + seqs_bytes}) {
        const std::uint64_t candidate = at_.token_table - gap;
        auto first = memory_.u32(candidate);
        auto second = memory_.u32(candidate + 4);
        if (!first || !second || *first != 0 || *second < symbols_per_marker ||
            *second > symbols_per_marker * 128)
            continue;
        std::uint64_t position = at_.names;
        bool readable = true;
        for (std::uint32_t i = 0; i < symbols_per_marker && readable; ++i) {
            auto entry = read_name(memory_, position);
            readable = entry.has_value();
            if (readable) position = entry->next;
        }
        if (readable && position == at_.names + *second) {
            at_.markers = candidate;
            return {};
        }
    }
    return fail(ErrorCode::Corrupt, "the kallsyms markers are not where the tables' order puts them",
                at_.names);
}

void Kallsyms::locate_name_order(std::uint64_t stext) {
    const std::uint64_t marker_bytes =
        align_up(4ull * ((count_ + symbols_per_marker - 1) / symbols_per_marker), 8);
    const std::uint64_t offsets_end = align_up(at_.offsets + 4ull * count_, table_alignment);
    const std::array<std::uint64_t, 3> candidates = {
        at_.markers + marker_bytes,  // 6.1.59 to 6.3
        offsets_end + 8,             // 6.4 and later: after relative_base
        offsets_end,                 // 7.x: no relative_base
    };
    for (const std::uint64_t candidate : candidates) {
        const auto found = search_by_order(candidate, "_stext");
        if (found && (stext == 0 || *found == stext)) {
            name_order_ = candidate;
            return;
        }
    }
}

Result<std::uint64_t> Kallsyms::address(std::uint32_t index) const {
    const std::uint64_t place = at_.offsets + 4ull * index;
    auto raw = memory_.get<std::int32_t>(place);
    if (!raw) return fail(std::move(raw.error()));
    const auto extended = static_cast<std::uint64_t>(static_cast<std::int64_t>(*raw));
    switch (kind_) {
        case OffsetKind::RelativeToItself: return place + extended;
        case OffsetKind::AbsolutePercpu: return *raw >= 0 ? extended : base_ - 1 - extended;
        case OffsetKind::FromBase: break;
    }
    return base_ + static_cast<std::uint32_t>(*raw);
}

Symbol Kallsyms::expand(const NameEntry& entry) const {
    Symbol symbol;
    std::string text;
    for (std::size_t i = 0; i < entry.length && text.size() < max_name_bytes; ++i)
        text += tokens_[std::to_integer<std::uint8_t>(entry.tokens[i])];
    if (text.empty()) return symbol;
    symbol.type = text.front();
    symbol.name = text.substr(1);
    return symbol;
}

Result<std::uint64_t> Kallsyms::name_position(std::uint32_t index) const {
    auto marker = memory_.u32(at_.markers + 4ull * (index / symbols_per_marker));
    if (!marker) return fail(std::move(marker.error()));
    std::uint64_t position = at_.names + *marker;
    for (std::uint32_t i = 0; i < index % symbols_per_marker; ++i) {
        auto length = memory_.get<std::uint8_t>(position);
        if (!length) return fail(std::move(length.error()));
        std::uint64_t skip = 1ull + *length;
        if (*length & 0x80) {
            auto second = memory_.get<std::uint8_t>(position + 1);
            if (!second) return fail(std::move(second.error()));
            skip = 2 + ((*length & 0x7fu) | (std::uint64_t{*second} << 7));
        }
        position += skip;
    }
    return position;
}

Result<Symbol> Kallsyms::symbol(std::uint32_t index) const {
    auto position = name_position(index);
    if (!position) return fail(std::move(position.error()));
    auto entry = read_name(memory_, *position);
    if (!entry) return fail(std::move(entry.error()));
    auto where = address(index);
    if (!where) return fail(std::move(where.error()));
    Symbol found = expand(*entry);
    found.address = *where;
    return found;
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

Result<std::uint64_t> Kallsyms::search_by_order(std::uint64_t order, std::string_view name) const {
    std::uint32_t low = 0, high = count_;
    while (low < high) {
        const std::uint32_t middle = low + (high - low) / 2;
        auto index = index_in_order(order, middle);
        if (!index) return fail(std::move(index.error()));
        auto candidate = symbol(*index);
        if (!candidate) return fail(std::move(candidate.error()));
        if (candidate->name < name) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low < count_) {
        auto index = index_in_order(order, low);
        if (!index) return fail(std::move(index.error()));
        auto candidate = symbol(*index);
        if (!candidate) return fail(std::move(candidate.error()));
        if (candidate->name == name) return candidate->address;
    }
    return fail(ErrorCode::NotFound, "no symbol named " + std::string(name));
}

Result<void> Kallsyms::for_each(const std::function<bool(const Symbol&)>& visit) const {
    std::uint64_t position = at_.names;
    for (std::uint32_t i = 0; i < count_; ++i) {
        auto entry = read_name(memory_, position);
        if (!entry) return fail(std::move(entry.error()));
        auto where = address(i);
        if (!where) return fail(std::move(where.error()));
        Symbol found = expand(*entry);
        found.address = *where;
        if (!visit(found)) break;
        position = entry->next;
    }
    return {};
}

Result<const Kallsyms::NameIndex*> Kallsyms::name_index() const {
    const std::lock_guard guard(index_lock_);
    if (index_) return index_.get();
    auto index = std::make_unique<NameIndex>(count_);
    std::uint64_t position = at_.names;
    for (std::uint32_t i = 0; i < count_; ++i) {
        auto entry = read_name(memory_, position);
        if (!entry) return fail(std::move(entry.error()));
        index->emplace(expand(*entry).name, i);
        position = entry->next;
    }
    index_ = std::move(index);
    return index_.get();
}

Result<std::uint64_t> Kallsyms::address_of(std::string_view name) const {
    if (name_order_ != 0) return search_by_order(name_order_, name);
    auto index = name_index();
    if (!index) return fail(std::move(index.error()));
    const auto found = (*index)->find(std::string(name));
    if (found == (*index)->end()) return fail(ErrorCode::NotFound, "no symbol named " + std::string(name));
    return address(found->second);
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

Result<SymbolHit> Kallsyms::containing(std::uint64_t wanted) const {
    auto index = last_at_or_below(wanted);
    if (!index) return fail(std::move(index.error()));
    auto start = address(*index);
    if (!start) return fail(std::move(start.error()));
    std::uint64_t size = 0;
    if (*index + 1 < count_) {
        if (auto next = address(*index + 1)) size = *next - *start;
    }
    while (*index > first_mapped_) {
        auto before = address(*index - 1);
        if (!before || *before != *start) break;
        --*index;
    }
    auto found = symbol(*index);
    if (!found) return fail(std::move(found.error()));
    return SymbolHit{std::move(*found), size, {}};
}

}  // namespace

Result<std::unique_ptr<SymbolTable>> open_kallsyms(const AddressSpace& memory,
                                                   const KallsymsLocation& location, std::uint64_t stext) {
    auto count = memory.u32(location.num_syms);
    if (!count) return fail(std::move(count.error()));
    if (*count == 0 || *count > max_symbols)
        return fail(ErrorCode::Corrupt, fmt::format("kallsyms claims {} symbols", *count), location.num_syms);
    auto tokens = Tokens::read(memory, location.token_table, location.token_index);
    if (!tokens) return fail(std::move(tokens.error()));
    auto table = std::make_unique<Kallsyms>(memory, location, *count, std::move(*tokens));
    if (auto done = table->prepare(stext); !done) return fail(std::move(done.error()));
    return table;
}

}  // namespace postmortem
