// Kernels before 6.0 do not say where kallsyms lies. Every one has a token table in which the ten digits
// stand in a row as one-character tokens; from there the order of the tables (scripts/kallsyms.c, Linux 4.20
// to 5.19: offsets, relative_base, num_syms, names, markers, token_table, token_index) leads to the rest,
// each step proven by the next.
#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "base/checked.h"
#include "symbols/kallsyms.h"

namespace postmortem {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view digit_tokens = "0\0001\0002\0003\0004\0005\0006\0007\0008\0009\0"sv;
constexpr std::uint64_t page = 4096;
constexpr std::uint32_t token_count = 256;
constexpr std::uint64_t max_token_table = 16 * 1024;
constexpr std::uint32_t max_markers = 1u << 15;
constexpr std::uint32_t names_per_marker = 256;

Result<std::string> text_at(const AddressSpace& memory, std::uint64_t from, std::uint64_t size) {
    std::string buffer(size, '\0');
    if (auto done = memory.read(from, {reinterpret_cast<std::byte*>(buffer.data()), size}); !done)
        return fail(std::move(done.error()));
    return buffer;
}

/// Where token '0' starts, and with it how many strings precede it: '0' is the 48th.
std::optional<std::uint64_t> token_table_start(const AddressSpace& memory, std::uint64_t digits) {
    const std::uint64_t reach = std::min<std::uint64_t>(digits, 4096);
    auto before = text_at(memory, digits - reach, reach);
    if (!before) {
        const std::uint64_t in_page = digits % page;
        before = text_at(memory, digits - in_page, in_page);
        if (!before) return std::nullopt;
    }
    // The table is aligned to 8 bytes and follows the markers, so the walk back counts NULs.
    std::size_t strings = 0;
    for (std::size_t i = before->size(); i-- > 0;) {
        if ((*before)[i] != '\0') continue;
        if (++strings == '0' + 1) {
            const std::uint64_t start = digits - (before->size() - i) + 1;
            return start;
        }
    }
    return std::nullopt;
}

/// token_index follows the table, aligned; each entry is the offset of its token.
std::optional<std::uint64_t> token_index_after(const AddressSpace& memory, std::uint64_t table) {
    auto raw = text_at(memory, table, max_token_table + token_count * 2);
    if (!raw) return std::nullopt;
    std::array<std::uint16_t, token_count> starts{};
    std::size_t position = 0;
    for (std::uint16_t& start : starts) {
        start = static_cast<std::uint16_t>(position);
        const std::size_t end = raw->find('\0', position);
        if (end == std::string::npos || end >= max_token_table) return std::nullopt;
        position = end + 1;
    }
    const ByteReader reader(as_bytes(*raw), memory.endian());
    const std::uint64_t index = align_up<std::uint64_t>(position, 8);
    for (std::uint32_t i = 0; i < token_count; ++i)
        if (reader.u16(index + 2ull * i) != starts[i]) return std::nullopt;
    return table + index;
}

struct Markers {
    std::uint64_t start = 0;
    std::uint32_t count = 0;
    std::uint32_t last = 0;
};

/// The markers end just before the token table and ascend from 0.
std::optional<Markers> markers_before(const AddressSpace& memory, std::uint64_t table) {
    std::uint64_t at = table - 4;
    auto last = memory.u32(at);
    if (last && *last == 0) last = memory.u32(at -= 4);  // alignment padding
    if (!last || *last == 0) return std::nullopt;
    Markers markers{0, 1, *last};
    for (std::uint32_t previous = *last; markers.count < max_markers; ++markers.count) {
        const auto value = memory.u32(at -= 4);
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
    std::uint32_t count = 0;
};

bool first_block_matches(const AddressSpace& memory, std::uint64_t names, std::uint32_t second_marker) {
    std::uint64_t position = 0;
    for (std::uint32_t i = 0; i < names_per_marker; ++i) {
        const auto length = memory.get<std::uint8_t>(names + position);
        if (!length || *length == 0 || position > second_marker) return false;
        position += 1ull + *length;
    }
    return position == second_marker;
}

/// num_syms, aligned to 8, precedes the names; the last block of names ends where the markers begin.
std::optional<Names> names_before(const AddressSpace& memory, const Markers& markers) {
    const auto second = memory.u32(markers.start + 4);
    if (!second) return std::nullopt;
    const std::uint32_t most = markers.count * names_per_marker;
    const std::uint32_t least = most - names_per_marker;
    const std::uint64_t latest = align_down<std::uint64_t>(markers.start - markers.last, 8);
    const std::uint64_t reach = names_per_marker * 128;
    for (std::uint64_t start = latest; latest - start < reach; start -= 8) {
        const auto count = memory.u32(start - 8);
        if (!count) return std::nullopt;
        if (*count > least && *count <= most && first_block_matches(memory, start, *second))
            return Names{start, *count};
    }
    return std::nullopt;
}

std::optional<KallsymsLocation> location_around(const AddressSpace& memory, std::uint64_t digits) {
    const auto table = token_table_start(memory, digits);
    if (!table) return std::nullopt;
    const auto index = token_index_after(memory, *table);
    if (!index) return std::nullopt;
    const auto markers = markers_before(memory, *table);
    if (!markers) return std::nullopt;
    const auto names = names_before(memory, *markers);
    if (!names) return std::nullopt;

    KallsymsLocation found;
    found.token_table = *table;
    found.token_index = *index;
    found.markers = markers->start;
    found.names = names->start;
    found.num_syms = names->start - 8;
    found.relative_base = found.num_syms - 8;
    found.offsets = found.relative_base - align_up<std::uint64_t>(4ull * names->count, 8);
    return found;
}

}  // namespace

Result<KallsymsLocation> find_kallsyms(const AddressSpace& memory, std::uint64_t first, std::uint64_t last) {
    std::string window;
    std::string following;  // the start of the page above, so that a match across the boundary is seen
    for (std::uint64_t at = align_down(last - 1, page); at >= first && at <= last; at -= page) {
        auto here = text_at(memory, at, page);
        if (!here) {
            following.clear();
            continue;
        }
        window = *here + following;
        for (std::size_t hit = window.find(digit_tokens); hit != std::string::npos;
             hit = window.find(digit_tokens, hit + 1))
            if (auto found = location_around(memory, at + hit)) return *found;
        following = here->substr(0, digit_tokens.size() - 1);
    }
    return fail(
        ErrorCode::NotFound,
        fmt::format(
            "no kallsyms tables between {:#x} and {:#x}: the kernel was built without CONFIG_KALLSYMS, "
            "or its pages are not in the dump",
            first, last));
}

}  // namespace postmortem
