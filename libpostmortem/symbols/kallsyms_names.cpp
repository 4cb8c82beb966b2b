#include "symbols/kallsyms_names.h"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "base/checked.h"

namespace postmortem {
namespace {

constexpr std::size_t max_name_bytes = 512;  // KSYM_NAME_LEN is 512 since 6.1
constexpr std::size_t most_token_bytes = 64 * 1024;
constexpr std::uint64_t widest_alignment = kallsyms_alignments.front();
constexpr std::uint64_t narrowest_alignment = kallsyms_alignments.back();
constexpr std::uint64_t page_bytes = 4096;
constexpr std::uint32_t name_order_entry = 3;  // bytes of kallsyms_seqs_of_names

}  // namespace

Result<const std::byte*> KallsymsNameStream::at_position(std::size_t length) {
    const std::uint64_t from = position_ - buffered_from_;
    if (position_ >= buffered_from_ && from <= buffered_ && length <= buffered_ - from)
        return buffer_.data() + from;
    // To the end of the page and no further, unless the name itself crosses it.
    const std::size_t wanted = std::max<std::size_t>(
        length, std::min<std::uint64_t>(buffer_.size(), page_bytes - position_ % page_bytes));
    buffered_ = 0;
    if (auto done = memory_.read(position_, std::span(buffer_).first(wanted)); !done)
        return fail(std::move(done.error()));
    buffered_from_ = position_;
    buffered_ = wanted;
    return buffer_.data();
}

Result<Bytes> KallsymsNameStream::next() {
    auto start = at_position(1);
    if (!start) return fail(std::move(start.error()));
    std::size_t length = std::to_integer<std::size_t>((*start)[0]);
    std::size_t prefix = 1;
    // "Big" symbols (since 6.1) have a second length byte.
    if (length & 0x80) {
        if (start = at_position(prefix = 2); !start) return fail(std::move(start.error()));
        length = (length & 0x7f) | std::to_integer<std::size_t>((*start)[1]) << 7;
    }
    if (length == 0 || length > max_name_bytes)
        return fail(ErrorCode::Corrupt, "a kallsyms name has an impossible length", position_);
    if (start = at_position(prefix + length); !start) return fail(std::move(start.error()));
    position_ += prefix + length;
    return Bytes(*start + prefix, length);
}

Result<void> KallsymsNameStream::skip(std::uint32_t names) {
    for (std::uint32_t i = 0; i < names; ++i)
        if (auto tokens = next(); !tokens) return fail(std::move(tokens.error()));
    return {};
}

/// An open-addressing table from a name's hash to the first symbol of that name.
struct KallsymsNames::NameIndex {
    static constexpr std::uint32_t empty = ~0u;
    static constexpr std::size_t most_probes = 4096;  // names that were made to collide are left out

    explicit NameIndex(std::uint32_t count)
        : mask(std::bit_ceil(std::size_t{count} + count / 2 + 1) - 1),
          hashes(mask + 1),
          symbols(mask + 1, empty) {}

    std::size_t slot_of(std::size_t hash) const {
        std::size_t slot = hash & mask;
        for (std::size_t i = 0; i < most_probes && symbols[slot] != empty && hashes[slot] != hash; ++i)
            slot = (slot + 1) & mask;
        return slot;
    }
    void add(std::string_view name, std::uint32_t symbol) {
        const std::size_t hash = std::hash<std::string_view>()(name);
        const std::size_t slot = slot_of(hash);
        if (symbols[slot] != empty) return;
        hashes[slot] = hash;
        symbols[slot] = symbol;
    }

    std::size_t mask;
    std::vector<std::size_t> hashes;
    std::vector<std::uint32_t> symbols;
    Result<void> complete;  ///< or why names are missing from it
};

KallsymsNames::KallsymsNames(const AddressSpace& memory, const KallsymsLocation& location,
                             std::uint32_t count)
    : memory_(memory),
      names_(location.names),
      markers_(location.markers),
      marker_size_(location.marker_size),
      count_(count) {}

KallsymsNames::~KallsymsNames() = default;

Result<std::unique_ptr<KallsymsNames>> KallsymsNames::open(const AddressSpace& memory,
                                                           const KallsymsLocation& location,
                                                           std::uint32_t count) {
    std::unique_ptr<KallsymsNames> names(new KallsymsNames(memory, location, count));
    if (auto done = names->read_tokens(location.token_table, location.token_index); !done)
        return fail(std::move(done.error()));
    if (auto done = names->locate_markers(location.token_table); !done) return fail(std::move(done.error()));
    return names;
}

// The index follows the table, so it tells where the table ends.
Result<void> KallsymsNames::read_tokens(std::uint64_t table, std::uint64_t index) {
    if (index <= table || index - table > most_token_bytes)
        return fail(ErrorCode::Corrupt, "the kallsyms token index does not follow the tokens", index);
    auto raw_index = memory_.bytes(index, tokens_.size() * 2);
    if (!raw_index) return fail(std::move(raw_index.error()));
    auto text = memory_.bytes(table, index - table);
    if (!text) return fail(std::move(text.error()));
    token_text_ = std::move(*text);
    const ByteReader offsets(*raw_index, memory_.endian());
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
        const auto token = ByteReader(token_text_).c_string(*offsets.u16(i * 2));
        if (!token)
            return fail(ErrorCode::Corrupt, "the kallsyms token table has an entry past its end", table);
        tokens_[i] = *token;
    }
    return {};
}

Result<std::uint64_t> KallsymsNames::marker(std::uint64_t place) const {
    if (marker_size_ == 8) return memory_.u64(place);
    return memory_.u32(place).map([](std::uint32_t v) { return std::uint64_t{v}; });
}

Result<std::uint64_t> KallsymsNames::block_start(std::uint32_t block) const {
    return marker(markers_ + std::uint64_t{block} * marker_size_).map([&](std::uint64_t v) {
        return names_ + v;
    });
}

// VMCOREINFO does not tell where the markers are, and where the names end is known only by reading them all.
// So the places that the known orders (names, markers, [seqs,] token_table) and alignments allow are tried
// first.
Result<void> KallsymsNames::locate_markers(std::uint64_t token_table) {
    if (markers_ != 0) return {};
    for (const std::uint64_t between : {std::uint64_t{0}, std::uint64_t{name_order_entry} * count_})
        for (std::uint64_t padding = 0; padding < 2 * widest_alignment; ++padding) {
            const std::uint64_t candidate = token_table - between - marker_bytes() - padding;
            if (candidate % narrowest_alignment != 0 || !are_markers(candidate)) continue;
            markers_ = candidate;
            return {};
        }
    KallsymsNameStream stream(memory_, names_);
    if (auto done = stream.skip(count_); !done) return done;
    for (const std::uint64_t alignment : kallsyms_alignments) {
        const std::uint64_t candidate = align_up(stream.position(), alignment);
        if (!are_markers(candidate)) continue;
        markers_ = candidate;
        return {};
    }
    return fail(ErrorCode::Corrupt, "no kallsyms markers follow the names", stream.position());
}

/// The first marker is 0, the second leads to the end of the first block, and after the last one stand as
/// many names as are left, up to the markers themselves. Names on a page that the dump lacks prove nothing.
bool KallsymsNames::are_markers(std::uint64_t candidate) const {
    const auto ends_at = [&](std::uint64_t start, std::uint32_t names, std::uint64_t lowest,
                             std::uint64_t highest) {
        KallsymsNameStream stream(memory_, start);
        if (auto done = stream.skip(names); !done) return done.error().code != ErrorCode::Corrupt;
        return stream.position() >= lowest && stream.position() <= highest;
    };
    const auto first = marker(candidate), last = marker(candidate + marker_bytes() - marker_size_);
    if (!first || !last || *first != 0 || *last > candidate - names_) return false;
    if (blocks() > 1) {
        const auto second = marker(candidate + marker_size_);
        if (!second || !ends_at(names_, names_per_marker, names_ + *second, names_ + *second)) return false;
    }
    const std::uint32_t rest = count_ - (blocks() - 1) * names_per_marker;
    return ends_at(names_ + *last, rest, candidate - widest_alignment + 1, candidate);
}

void KallsymsNames::expand(Bytes tokens, std::string& text) const {
    text.clear();
    for (std::size_t i = 0; i < tokens.size() && text.size() < max_name_bytes; ++i)
        text += tokens_[std::to_integer<std::uint8_t>(tokens[i])];
}

Result<std::string> KallsymsNames::at(std::uint32_t index) const {
    const auto start = block_start(index / names_per_marker);
    if (!start) return fail(start.error());
    KallsymsNameStream stream(memory_, *start);
    if (auto done = stream.skip(index % names_per_marker); !done) return fail(std::move(done.error()));
    const auto tokens = stream.next();
    if (!tokens) return fail(tokens.error());
    std::string text;
    expand(*tokens, text);
    if (text.empty()) return fail(ErrorCode::Corrupt, "a kallsyms name is empty", stream.position());
    return text;
}

Result<void> KallsymsNames::visit_block(std::uint32_t block, KallsymsNameStream& stream,
                                        const std::function<bool(std::uint32_t, std::string_view)>& visit,
                                        bool& wanted) const {
    const std::uint32_t first = block * names_per_marker;
    const std::uint32_t last = std::min(count_, first + names_per_marker);
    std::string text;
    for (std::uint32_t index = first; index < last && wanted; ++index) {
        const auto tokens = stream.next();
        if (!tokens) return fail(tokens.error());
        expand(*tokens, text);
        if (!text.empty()) wanted = visit(index, text);
    }
    return {};
}

Result<void> KallsymsNames::for_each(
    const std::function<bool(std::uint32_t, std::string_view)>& visit) const {
    Result<void> outcome;
    const auto broken = [&](const Error& error) {
        if (outcome) outcome = fail(error);
    };
    bool wanted = true;
    KallsymsNameStream stream(memory_, names_);
    for (std::uint32_t block = 0; block < blocks() && wanted; ++block) {
        const auto start = block_start(block);
        if (!start) {
            broken(start.error());
            continue;
        }
        stream.seek(*start);
        if (auto done = visit_block(block, stream, visit, wanted); !done) broken(done.error());
    }
    return outcome;
}

const KallsymsNames::NameIndex& KallsymsNames::name_index() const {
    std::call_once(index_once_, [this] {
        auto index = std::make_unique<NameIndex>(count_);
        index->complete = for_each([&](std::uint32_t symbol, std::string_view text) {
            index->add(text.substr(1), symbol);
            return true;
        });
        index_ = std::move(index);
    });
    return *index_;
}

Result<std::uint32_t> KallsymsNames::find(std::string_view name) const {
    const NameIndex& index = name_index();
    const std::uint32_t symbol = index.symbols[index.slot_of(std::hash<std::string_view>()(name))];
    if (symbol != NameIndex::empty) {
        const auto text = at(symbol);
        if (!text) return fail(text.error());
        if (std::string_view(*text).substr(1) == name) return symbol;
    }
    if (!index.complete) return fail(index.complete.error());
    return fail(ErrorCode::NotFound, "no symbol named " + std::string(name));
}

}  // namespace postmortem
