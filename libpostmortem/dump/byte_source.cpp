#include "dump/byte_source.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/checked.h"

namespace postmortem {

Bytes ByteSource::read_what_is_there(std::uint64_t offset, std::uint64_t length, MutableBytes scratch) const {
    if (offset >= size()) return {};
    std::uint64_t there = 0;
    std::uint64_t wanted = std::min({length, size() - offset, std::uint64_t{scratch.size()}});
    if (const auto all = read(offset, wanted, scratch)) return *all;
    while (wanted - there > 1) {
        const std::uint64_t middle = there + (wanted - there) / 2;
        (read(offset, middle, scratch) ? there : wanted) = middle;
    }
    return read(offset, there, scratch).value_or(Bytes{});
}

bool is_padded_from(const ByteSource& source, std::uint64_t offset) {
    constexpr std::uint64_t piece = 64 << 10, most_looked_at = 64 << 20;
    if (offset > source.size() || is_power_of_two(source.size() - offset)) return false;
    std::vector<std::byte> scratch(piece);
    for (std::uint64_t looked_at = 0; offset < source.size(); looked_at += piece) {
        if (const std::uint64_t end = source.end_of_hole(offset); end > offset) {
            offset = end;
            continue;
        }
        const std::uint64_t length = std::min(piece, source.size() - offset);
        const auto bytes = looked_at < most_looked_at ? source.read(offset, length, scratch) : std::nullopt;
        if (!bytes ||
            std::any_of(bytes->begin(), bytes->end(), [](std::byte b) { return b != std::byte{0}; }))
            return false;
        offset += length;
    }
    return true;
}

// A flattened file may lack what lies before its end.
Error lost_bytes(const ByteSource& source, std::uint64_t offset, std::uint64_t length, std::string_view what,
                 std::uint64_t paddr) {
    return {
        ErrorCode::PageMissing,
        source.spans(offset, length)
            ? fmt::format("{}, at byte {}, cannot be read: the file lacks it, or the disk does not give it",
                          what, offset)
            : fmt::format("the file is truncated: {} should be at byte {}", what, offset),
        paddr};
}

std::optional<Bytes> read_kept(const ByteSource& source, std::uint64_t offset, std::uint64_t length,
                               std::vector<std::byte>& storage) {
    if (length > max_kept_bytes) return std::nullopt;
    if (const auto in_place = source.view(offset, length)) return in_place;
    if (!source.spans(offset, length)) return std::nullopt;
    storage.resize(length);
    return source.read(offset, length, storage);
}

}  // namespace postmortem
