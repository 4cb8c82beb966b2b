#include "kernel/mm/slab_counts.h"

namespace postmortem {
namespace {

constexpr std::uint64_t in_use_bits = 16;

}  // namespace

Result<SlabCounts> SlabCounts::find(const TypeFinder& types, TypeId slab) {
    const auto in_use = types.member(slab, "inuse"), objects = types.member(slab, "objects");
    if (!in_use || !objects) return fail(in_use ? objects.error() : in_use.error());
    const auto bits = [&](const MemberPlace& member) {
        return member.bit_size != 0 ? member.bit_size : types.get(member.type).byte_size * 8;
    };
    const std::uint64_t width = bits(*objects);
    if (bits(*in_use) != in_use_bits || (width != 15 && width != 16) ||
        objects->bit_offset != in_use->bit_offset + in_use_bits)
        return fail(ErrorCode::Unsupported, "this kernel counts a slab's objects in a way that is not known");
    SlabCounts counts;
    counts.offset_ = in_use->offset();
    counts.width_ = static_cast<std::uint32_t>(width);
    return counts;
}

// Bit-fields are laid out from the lowest bit up, and where the first byte is the most significant one from
// the highest bit down.
Result<SlabCounts::Numbers> SlabCounts::read(const AddressSpace& memory, std::uint64_t slab) const {
    const auto word = memory.get<std::uint32_t>(slab + offset_);
    if (!word) return fail(word.error());
    const std::uint32_t mask = (1u << width_) - 1;
    if (memory.endian() == Endian::Big) return Numbers{*word >> 16, *word >> (16 - width_) & mask};
    return Numbers{*word & 0xffff, *word >> 16 & mask};
}

}  // namespace postmortem
