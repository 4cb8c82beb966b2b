#include "report/values/value_bytes.h"

#include <algorithm>

#include "base/checked.h"

namespace postmortem {
namespace {

constexpr std::uint64_t piece_bytes = 4096;  // what a dump has or lacks as a whole

}  // namespace

ValueBytes ValueBytes::at(const AddressSpace& memory, std::uint64_t address, std::uint64_t size) {
    ValueBytes read;
    read.address_ = address;
    read.endian_ = memory.endian();
    read.bytes_.resize(std::min(size, most_bytes));
    const MutableBytes all(read.bytes_);
    if (memory.read(address, all)) return read;
    const std::uint64_t before = address % piece_bytes;
    const std::uint64_t pieces = (before + all.size() + piece_bytes - 1) / piece_bytes;
    read.missing_.resize(pieces);
    for (std::uint64_t i = 0; i < pieces; ++i) {
        const std::uint64_t from = i == 0 ? 0 : i * piece_bytes - before;
        const std::uint64_t to = std::min<std::uint64_t>(all.size(), (i + 1) * piece_bytes - before);
        const auto done = memory.read(address + from, all.subspan(from, to - from));
        if (done) continue;
        read.missing_[i] = true;
        if (!read.error_) read.error_ = done.error();
    }
    return read;
}

ValueBytes ValueBytes::of(std::uint64_t number, Endian endian) {
    ValueBytes made;
    made.endian_ = endian;
    made.bytes_.resize(sizeof number);
    for (std::size_t i = 0; i < sizeof number; ++i) {
        const std::size_t at = endian == Endian::Little ? i : sizeof number - 1 - i;
        made.bytes_[at] = static_cast<std::byte>(number >> (8 * i));
    }
    return made;
}

bool ValueBytes::holds(std::uint64_t offset, std::uint64_t size) const {
    const auto end = checked_add(offset, size);
    if (!end || *end > bytes_.size()) return false;
    if (missing_.empty() || size == 0) return true;
    const std::uint64_t before = *address_ % piece_bytes;
    for (std::uint64_t i = (before + offset) / piece_bytes; i <= (before + *end - 1) / piece_bytes; ++i)
        if (missing_[i]) return false;
    return true;
}

std::uint64_t ValueBytes::number(std::uint64_t offset, std::uint64_t size) const {
    std::uint64_t value = 0;
    for (std::uint64_t i = 0; i < std::min<std::uint64_t>(size, 8); ++i) {
        const std::uint64_t at = endian_ == Endian::Little ? offset + size - 1 - i : offset + i;
        value = value << 8 | std::to_integer<std::uint64_t>(bytes_[at]);
    }
    return value;
}

std::optional<std::uint64_t> ValueBytes::bits(std::uint64_t bit_offset, std::uint32_t bits) const {
    if (bits == 0 || bits > 64) return std::nullopt;
    const std::uint64_t first = bit_offset / 8, last = (bit_offset + bits - 1) / 8;
    if (!holds(first, last - first + 1)) return std::nullopt;
    std::uint64_t value = 0;
    for (std::uint32_t i = 0; i < bits; ++i) {
        const std::uint64_t bit = bit_offset + i;
        const auto byte = std::to_integer<unsigned>(bytes_[bit / 8]);
        const bool little = endian_ == Endian::Little;
        const bool set = byte >> (little ? bit % 8 : 7 - bit % 8) & 1;
        if (set) value |= 1ull << (little ? i : bits - 1 - i);
    }
    return value;
}

}  // namespace postmortem
