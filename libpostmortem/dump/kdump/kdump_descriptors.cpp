#include "dump/kdump/kdump_descriptors.h"

#include <algorithm>
#include <array>

#include "dump/kdump/kdump_layout.h"

namespace postmortem {

std::optional<Codec> PageDescriptor::codec() const {
    switch (flags) {
        case 0: return Codec::Raw;
        case kdump::CompressedZlib: return Codec::Zlib;
        case kdump::CompressedLzo: return Codec::Lzo;
        case kdump::CompressedSnappy: return Codec::Snappy;
        case kdump::CompressedZstd: return Codec::Zstd;
        default: return std::nullopt;
    }
}

bool PageDescriptor::is_sound(const KdumpHeader& header) const {
    const auto packed = codec();
    if (!packed || offset < header.descriptors_offset()) return false;
    return *packed == Codec::Raw ? size == header.block_size : size != 0 && size <= 2 * header.block_size;
}

std::optional<PageDescriptor> DescriptorTable::read(std::uint64_t index) const {
    std::array<std::byte, kdump::page_desc::bytes> scratch;
    const auto bytes = source_.peek(place_of(index), scratch.size(), scratch);
    return bytes ? std::optional(decoded(*bytes, 0)) : std::nullopt;
}

std::uint64_t DescriptorTable::place_of(std::uint64_t index) const {
    return header_.descriptors_offset() + index * kdump::page_desc::bytes;
}

PageDescriptor DescriptorTable::decoded(Bytes bytes, std::size_t index) const {
    const ByteReader desc(bytes.subspan(index * kdump::page_desc::bytes, kdump::page_desc::bytes),
                          header_.endian);
    return PageDescriptor{*desc.u64(kdump::page_desc::offset), *desc.u32(kdump::page_desc::size),
                          *desc.u32(kdump::page_desc::flags)};
}

bool DescriptorTable::holds_sound(std::uint64_t index) const {
    constexpr std::uint64_t beyond_any_file = 1ull << 52;
    const auto desc = read(index);
    return desc && desc->is_sound(header_) && desc->offset < beyond_any_file;
}

std::optional<std::uint64_t> DescriptorTable::room() const {
    std::call_once(room_is_counted_, [&] { room_ = counted_room(); });
    return room_;
}

// The first page's data is the first, or the second behind the page that all pages of zeros share. Which of
// the two shows in the remainder, as no page size is a multiple of a descriptor's.
std::optional<std::uint64_t> DescriptorTable::counted_room() const {
    constexpr std::uint64_t looked_at = 64;  // for one whose page the writer did not lose
    for (std::uint64_t index = 0; index < looked_at; ++index) {
        const auto desc = read(index);
        if (!desc) return std::nullopt;
        if (desc->offset == 0) continue;
        if (!desc->is_sound(header_)) return std::nullopt;
        const std::uint64_t before = desc->offset - header_.descriptors_offset();
        if (before % kdump::page_desc::bytes == 0) return before / kdump::page_desc::bytes;
        if (before < header_.block_size) return std::nullopt;
        const std::uint64_t without_zeros = before - header_.block_size;
        if (without_zeros % kdump::page_desc::bytes == 0) return without_zeros / kdump::page_desc::bytes;
        return std::nullopt;
    }
    return std::nullopt;
}

bool DescriptorTable::shares_first_page(const PageDescriptor& desc) const {
    const auto room = this->room();
    return room && desc.offset == place_of(*room);
}

bool DescriptorTable::neighbours_contradict(std::uint64_t index, const PageDescriptor& own) const {
    const auto before = neighbour(index, -1), behind = neighbour(index, 1);
    if (!before || !behind || !before->is_sound(header_)) return false;
    const std::uint64_t end = before->offset + before->size;
    if (own.offset == end || behind->offset != end + own.size) return false;
    return own.offset != before->offset || !holds_zeros(own);
}

// The nearest that has data of its own: pages of zeros share what comes first. Memory is full of them, so the
// descriptors are fetched together.
std::optional<PageDescriptor> DescriptorTable::neighbour(std::uint64_t index, int step) const {
    constexpr std::uint64_t looked_at = 64;
    std::array<std::byte, looked_at * kdump::page_desc::bytes> scratch;
    const std::uint64_t count = step > 0 ? looked_at : std::min(index, looked_at);
    const std::uint64_t first = step > 0 ? index + 1 : index - count;
    const auto bytes = source_.peek(place_of(first), count * kdump::page_desc::bytes, scratch);
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::uint64_t at = step > 0 ? i : count - 1 - i;
        const auto desc = bytes ? decoded(*bytes, at) : read(first + at);
        if (!desc || !shares_first_page(*desc) || first + at == 0) return desc;
    }
    return std::nullopt;
}

bool DescriptorTable::holds_zeros(const PageDescriptor& desc) const {
    std::vector<std::byte> scratch(desc.size);
    const auto bytes = source_.read(desc.offset, desc.size, scratch);
    return bytes && std::all_of(bytes->begin(), bytes->end(), [](std::byte b) { return b == std::byte{0}; });
}

// A first descriptor that is itself damaged tells a wrong length: what then lies where the last one should is
// no descriptor, which a sound table's last one is. Whoever leaves pages out while writing (`extract`) leaves
// room behind the last.
bool DescriptorTable::fits(std::uint64_t count) const {
    const auto room = this->room();
    if (room == count) return true;
    if (room && count > *room) return holds_sound(count - 1);
    if (room && count < *room && (holds_sound(*room - 1) || (header_.status & kdump::Incomplete) != 0))
        return false;
    return !holds_sound(count);
}

bool DescriptorTable::fits_part(std::uint64_t in_part) const {
    return (in_part == 0 || holds_sound(in_part - 1)) && !holds_sound(in_part);
}

bool DescriptorTable::ends_with_file(std::uint64_t count) const {
    constexpr std::uint64_t looked_at = 1u << 16;
    constexpr int enough = 64;  // the very last may be pages of zeros, whose data lies at the beginning
    std::uint64_t end = 0;
    int seen = 0;
    for (std::uint64_t left = std::min(count, looked_at); left > 0 && seen < enough; --left) {
        const auto desc = read(--count);
        if (!desc || !desc->is_sound(header_)) continue;
        end = std::max(end, desc->offset + std::uint64_t{desc->size});
        ++seen;
    }
    return end == source_.size();
}

}  // namespace postmortem
