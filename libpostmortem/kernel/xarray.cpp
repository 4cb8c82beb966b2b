#include "kernel/xarray.h"

#include <array>
#include <bit>

#include <fmt/format.h>

namespace postmortem {
namespace {

// The low two bits of an entry tell what it is. xarray: 00 a pointer, x1 a value, 10 internal. Radix tree: 00
// a pointer, 01 internal, 10 a value. An internal entry above 4096 is a node, one below is a mark.
constexpr std::uint64_t xarray_internal = 2, radix_tree_internal = 1;
constexpr std::uint64_t smallest_node = 4096;
constexpr std::uint64_t most_slots = 64;
constexpr std::uint64_t most_xarray_nodes = 1u << 20;

class Walk {
  public:
    Walk(const Object& array, const std::function<bool(std::uint64_t, std::uint64_t)>& visit,
         const std::function<void(Error)>& broken)
        : memory_(array.memory()), visit_(visit), broken_(broken) {}

    void run(const Object& array) {
        const auto entry = array.first_of({"xa_head", "rnode"}).u64();
        if (!entry) return broken_(entry.error());
        const bool is_xarray = array.has("xa_head");
        internal_ = is_xarray ? xarray_internal : radix_tree_internal;
        if (auto known = learn_node(array.types(), is_xarray ? "xa_node" : "radix_tree_node"); !known)
            return broken_(known.error());
        descend(*entry, 0, std::nullopt);
    }

  private:
    Result<void> learn_node(const TypeFinder& types, std::string_view struct_name) {
        const auto node = types.find_struct(struct_name);
        if (!node) return fail(node.error());
        const auto shift = types.member(*node, "shift"), slots = types.member(*node, "slots");
        if (!shift) return fail(shift.error());
        if (!slots) return fail(slots.error());
        shift_offset_ = shift->offset();
        slots_offset_ = slots->offset();
        slot_count_ = types.get(slots->type).count;
        if (!std::has_single_bit(slot_count_) || slot_count_ < 2 || slot_count_ > most_slots)
            return fail(ErrorCode::Corrupt,
                        fmt::format("struct {} has {} slots, and no kernel's has", struct_name, slot_count_));
        bits_per_level_ = static_cast<unsigned>(std::countr_zero(slot_count_));
        return {};
    }

    bool is_internal(std::uint64_t entry) const { return (entry & 3) == internal_; }

    /// False where the visitor has had enough, or the tree is not one.
    bool descend(std::uint64_t entry, std::uint64_t base, std::optional<unsigned> expected_shift) {
        if (!is_internal(entry)) return entry == 0 || visit_(base, entry);
        if (entry <= smallest_node) return true;
        const std::uint64_t address = entry - internal_;
        if (++nodes_ > most_xarray_nodes) {
            broken_({ErrorCode::Corrupt, "the tree has more nodes than any can have", address});
            return false;
        }
        const auto shift = memory_.get<std::uint8_t>(address + shift_offset_);
        std::array<std::byte, most_slots * 8> raw;
        const auto slots = std::span(raw).first(slot_count_ * word_);
        const auto read = memory_.read(address + slots_offset_, slots);
        if (!shift || !read) {
            broken_(shift ? read.error() : shift.error());
            return true;
        }
        // Each level covers one digit of the index: a node that leads back upwards would say otherwise.
        if (*shift >= 64 || *shift % bits_per_level_ != 0 || *shift != expected_shift.value_or(*shift)) {
            broken_({ErrorCode::Corrupt, fmt::format("a tree node claims shift {}", *shift), address});
            return true;
        }
        const ByteReader reader(slots, memory_.endian());
        for (std::uint64_t i = 0; i < slot_count_; ++i) {
            const std::uint64_t child = word_ == 8 ? *reader.u64(i * 8) : *reader.u32(i * 4);
            if (*shift == 0 && is_internal(child) && child > smallest_node) {
                broken_({ErrorCode::Corrupt, "a node lies below the lowest level of the tree", address});
                continue;
            }
            if (!descend(child, base + (i << *shift), *shift - bits_per_level_)) return false;
        }
        return true;
    }

    const AddressSpace& memory_;
    const std::function<bool(std::uint64_t, std::uint64_t)>& visit_;
    const std::function<void(Error)>& broken_;
    const std::uint64_t word_ = memory_.word_size();
    std::uint64_t internal_ = xarray_internal;
    std::uint64_t shift_offset_ = 0, slots_offset_ = 0, slot_count_ = 0;
    unsigned bits_per_level_ = 6;
    std::uint64_t nodes_ = 0;
};

}  // namespace

void for_each_xarray_entry(const Object& array,
                           const std::function<bool(std::uint64_t, std::uint64_t)>& visit,
                           const std::function<void(Error)>& broken) {
    if (!array.ok()) return broken(*array.error());
    Walk(array, visit, broken).run(array);
}

}  // namespace postmortem
