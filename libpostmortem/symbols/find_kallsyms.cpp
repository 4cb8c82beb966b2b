// Kernels before 6.0 do not say where kallsyms lies. Every one has a token table in which the ten digits
// stand in a row as one-character tokens; from there the order of the tables leads to the rest, each step
// proven by the next. scripts/kallsyms.c, write_src(), up to Linux 5.19:
// addresses (before 4.6) or offsets and relative_base, num_syms, names, markers, token_table, token_index.
// num_syms and markers are unsigned longs before 4.20, and ints since. Each table is aligned to a word; that
// is tried, like the width of the numbers.
#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "base/checked.h"
#include "symbols/kallsyms_names.h"

namespace postmortem {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view digit_tokens = "0\0001\0002\0003\0004\0005\0006\0007\0008\0009\0"sv;
constexpr std::uint64_t page = 4096;
constexpr std::uint32_t token_count = 256;
constexpr std::uint64_t max_token_table = 16 * 1024;
constexpr std::uint32_t max_markers = 1u << 15;
constexpr std::uint64_t max_image = 1ull << 30;  // KERNEL_IMAGE_SIZE of x86_64

/// The token table and the index that follows it.
struct Tokens {
    std::uint64_t table = 0;
    std::uint64_t index = 0;
};

/// As many bytes as can be read from `at` on, page by page, and at most `most`.
std::vector<std::byte> readable_from(const AddressSpace& memory, std::uint64_t at, std::size_t most) {
    std::vector<std::byte> bytes(most);
    std::size_t got = 0;
    while (got < most) {
        const std::size_t piece = std::min<std::size_t>(most - got, page - (at + got) % page);
        if (!memory.read(at + got, std::span(bytes).subspan(got, piece))) break;
        got += piece;
    }
    bytes.resize(got);
    return bytes;
}

/// The offset of token '0', if an index that agrees with what was read of the tokens lies at `at`.
std::optional<std::uint16_t> first_token(const ByteReader& reader, std::uint64_t at,
                                         const std::array<std::uint64_t, token_count>& starts) {
    constexpr std::size_t first = '0';
    const auto start = reader.u16(at + 2 * first);
    if (!start) return std::nullopt;
    for (std::size_t token = 0; token < token_count; ++token) {
        const auto here = reader.u16(at + 2 * token);
        if (!here || (token >= first && *here != *start + starts[token])) return std::nullopt;
    }
    return *start;
}

/// Reads forward from token '0' to the end of the table and into the index, whose entries are the offsets of
/// the tokens: entry '0' leads back to the start.
std::optional<Tokens> tokens_around(const AddressSpace& memory, std::uint64_t digits) {
    constexpr std::size_t first = '0';
    const auto raw = readable_from(memory, digits, max_token_table + token_count * 2);
    const ByteReader reader(raw, memory.endian());
    std::array<std::uint64_t, token_count> starts{};
    std::uint64_t end = 0;
    for (std::size_t token = first; token < token_count; ++token) {
        starts[token] = end;
        const auto text = reader.c_string(end);
        if (!text || end >= max_token_table) return std::nullopt;
        end += text->size() + 1;
    }
    for (const std::uint64_t alignment : kallsyms_alignments) {
        const std::uint64_t index = align_up(digits + end, alignment);
        if (const auto start = first_token(reader, index - digits, starts))
            return Tokens{digits - *start, index};
    }
    return std::nullopt;
}

/// Reads 4- or 8-byte numbers of the dump's byte order.
class Numbers {
  public:
    Numbers(const AddressSpace& memory, std::uint32_t size) : memory_(memory), size_(size) {}

    Result<std::uint64_t> at(std::uint64_t address) const {
        if (size_ == 8) return memory_.u64(address);
        return memory_.u32(address).map([](std::uint32_t v) { return std::uint64_t{v}; });
    }
    std::uint32_t size() const { return size_; }

  private:
    const AddressSpace& memory_;
    std::uint32_t size_;
};

struct Markers {
    std::uint64_t start = 0;
    std::uint32_t count = 0;
    std::uint64_t last = 0;
};

/// The markers end just before the token table and ascend from 0.
std::optional<Markers> markers_before(const Numbers& numbers, std::uint64_t table) {
    std::uint64_t at = table - numbers.size();
    auto last = numbers.at(at);
    if (last && *last == 0 && numbers.size() < 8) last = numbers.at(at -= numbers.size());  // padding
    if (!last || *last == 0) return std::nullopt;
    Markers markers{0, 1, *last};
    for (std::uint64_t previous = *last; markers.count < max_markers; ++markers.count) {
        const auto value = numbers.at(at -= numbers.size());
        if (!value || *value >= previous) return std::nullopt;
        if (*value == 0) {
            ++markers.count;
            markers.start = at;
            return markers;
        }
        previous = *value;
    }
    return std::nullopt;
}

struct Names {
    std::uint64_t start = 0;
    std::uint64_t num_syms = 0;
    std::uint32_t count = 0;
};

bool first_block_matches(const AddressSpace& memory, std::uint64_t names, std::uint64_t second_marker) {
    KallsymsNameStream stream(memory, names);
    return stream.skip(names_per_marker) && stream.position() == names + second_marker;
}

/// num_syms precedes the names, and the last block of names ends where the markers begin.
std::optional<Names> names_before(const AddressSpace& memory, const Numbers& numbers,
                                  const Markers& markers) {
    const auto second = numbers.at(markers.start + numbers.size());
    if (!second) return std::nullopt;
    const std::uint32_t most = markers.count * names_per_marker;
    const std::uint32_t least = most - names_per_marker;
    constexpr std::uint64_t step = kallsyms_alignments.back();
    const std::uint64_t latest = align_down(markers.start - markers.last, step);
    const std::uint64_t reach = names_per_marker * 128;
    for (std::uint64_t start = latest; latest - start < reach; start -= step)
        for (const std::uint64_t alignment : kallsyms_alignments) {
            if (start % alignment != 0) continue;
            const std::uint64_t num_syms = start - align_up(std::uint64_t{numbers.size()}, alignment);
            const auto count = numbers.at(num_syms);
            if (!count) return std::nullopt;
            if (*count > least && *count <= most && first_block_matches(memory, start, *second))
                return Names{start, num_syms, static_cast<std::uint32_t>(*count)};
        }
    return std::nullopt;
}

/// What precedes num_syms: kallsyms_addresses ends with a row of ascending addresses of the kernel's image;
/// relative_base is one such address, and before it stand offsets, which are none.
bool addresses_end_at(const Numbers& words, std::uint64_t end, std::uint64_t lowest) {
    std::uint64_t above = ~0ull;
    for (std::uint64_t i = 1; i <= 8; ++i) {
        const auto address = words.at(end - words.size() * i);
        if (!address || *address < lowest || *address > above) return false;
        above = *address;
    }
    return true;
}

KallsymsLocation location_of(const Tokens& tokens, const Numbers& numbers, const Markers& markers,
                             const Names& names) {
    KallsymsLocation found;
    found.token_table = tokens.table;
    found.token_index = tokens.index;
    found.markers = markers.start;
    found.marker_size = numbers.size();
    found.names = names.start;
    found.num_syms = names.num_syms;
    return found;
}

/// Addresses, or offsets and relative_base, end where num_syms begins; all three are aligned to a word.
void place_addresses(KallsymsLocation& found, const Numbers& words, std::uint32_t count,
                     std::uint64_t lowest) {
    found.word_size = words.size();
    found.relative_base = found.num_syms - words.size();
    found.offsets = found.relative_base - align_up(4ull * count, std::uint64_t{words.size()});
    if (!addresses_end_at(words, found.num_syms, lowest)) return;
    found.addresses = found.num_syms - std::uint64_t{words.size()} * count;
    found.relative_base = found.offsets = 0;
}

std::optional<KallsymsLocation> location_around(const AddressSpace& memory, std::uint64_t digits,
                                                std::uint64_t lowest_address, std::uint32_t word_size) {
    const auto tokens = tokens_around(memory, digits);
    if (!tokens) return std::nullopt;
    for (const std::uint32_t marker_size : {4u, 8u}) {
        const Numbers numbers(memory, marker_size);
        const auto markers = markers_before(numbers, tokens->table);
        if (!markers) continue;
        const auto names = names_before(memory, numbers, *markers);
        if (!names) continue;
        auto found = location_of(*tokens, numbers, *markers, *names);
        place_addresses(found, Numbers(memory, word_size), names->count, lowest_address);
        return found;
    }
    return std::nullopt;
}

}  // namespace

Result<KallsymsLocation> find_kallsyms(const AddressSpace& memory, std::uint64_t first, std::uint64_t last,
                                       std::uint32_t word_size) {
    if (first >= last || last - first > max_image)
        return fail(ErrorCode::Corrupt,
                    fmt::format("the kernel image cannot reach from {:#x} to {:#x}", first, last));
    // The start of the page above follows each page, so that a match across the boundary is seen.
    constexpr std::size_t overlap = digit_tokens.size() - 1;
    std::array<std::byte, page + overlap> window{};
    for (std::uint64_t at = align_down(last - 1, page); at >= first && at < last; at -= page) {
        std::copy_n(window.begin(), overlap, window.begin() + page);
        if (!memory.read(at, std::span(window).first(page))) {
            window.fill(std::byte{0});
            continue;
        }
        const std::string_view text = as_text(window);
        for (std::size_t hit = text.find(digit_tokens); hit != std::string_view::npos;
             hit = text.find(digit_tokens, hit + 1))
            if (auto found = location_around(memory, at + hit, first, word_size)) return *found;
    }
    return fail(
        ErrorCode::NotFound,
        fmt::format(
            "no kallsyms tables between {:#x} and {:#x}: the kernel was built without CONFIG_KALLSYMS, "
            "or its pages are not in the dump",
            first, last));
}

}  // namespace postmortem
