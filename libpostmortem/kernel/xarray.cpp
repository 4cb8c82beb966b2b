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
constexpr unsigned index_bits = 64;

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
        if (shift_offset_) {
            descend(*entry, 0, std::nullopt);
        } else if (const auto shift = shift_by_height(array)) {
            descend(*entry, 0, *shift);
        } else {
            broken_(shift.error());
        }
    }

    /// Of the uppermost node's slots; none where the root holds an entry, or none.
    std::optional<unsigned> top_shift(const Object& array) {
        const auto entry = array.first_of({"xa_head", "rnode"}).u64();
        const bool is_xarray = array.has("xa_head");
        internal_ = is_xarray ? xarray_internal : radix_tree_internal;
        if (!entry || !is_internal(*entry) || *entry <= smallest_node ||
            !learn_node(array.types(), is_xarray ? "xa_node" : "radix_tree_node"))
            return std::nullopt;
        const auto shift = shift_offset_ ? shift_of_node(*entry - internal_) : shift_by_height(array);
        return shift && *shift < index_bits ? std::optional(*shift) : std::nullopt;
    }

  private:
    Result<void> learn_node(const TypeFinder& types, std::string_view struct_name) {
        const auto node = types.find_struct(struct_name);
        if (!node) return fail(node.error());
        const auto shift = types.member(*node, "shift"), slots = types.member(*node, "slots");
        if (!slots) return fail(slots.error());
        if (shift) shift_offset_ = shift->offset();
        slots_offset_ = slots->offset();
        slot_count_ = types.get(slots->type).count;
        if (!std::has_single_bit(slot_count_) || slot_count_ < 2 || slot_count_ > most_slots)
            return fail(ErrorCode::Corrupt,
                        fmt::format("struct {} has {} slots, and no kernel's has", struct_name, slot_count_));
        bits_per_level_ = static_cast<unsigned>(std::countr_zero(slot_count_));
        return {};
    }

    // Before 4.7 nodes do not say what their slots stand for: the root knows how many levels there are.
    Result<unsigned> shift_by_height(const Object& root) const {
        const auto height = root["height"].u64();
        if (!height) return fail(height.error());
        if (*height * bits_per_level_ >= index_bits + bits_per_level_)
            return fail(ErrorCode::Corrupt, fmt::format("a tree claims {} levels", *height));
        return *height == 0 ? 0 : static_cast<unsigned>(*height - 1) * bits_per_level_;
    }

    Result<unsigned> shift_of_node(std::uint64_t address) const {
        return memory_.get<std::uint8_t>(address + *shift_offset_).map([](std::uint8_t shift) {
            return unsigned{shift};
        });
    }

    // Where nodes do not say their shift the root's pointer may be the only one that is marked as a node's:
    // above the lowest level there is nothing else.
    std::uint64_t marked(std::uint64_t entry, unsigned shift) const {
        return shift_offset_ || shift == 0 || entry == 0 ? entry : entry | internal_;
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
        const auto shift =
            shift_offset_ ? shift_of_node(address) : Result<unsigned>(expected_shift.value_or(0));
        std::array<std::byte, most_slots * 8> raw;
        const auto slots = std::span(raw).first(slot_count_ * word_);
        const auto read = memory_.read(address + slots_offset_, slots);
        if (!shift || !read) {
            broken_(shift ? read.error() : shift.error());
            return true;
        }
        // Each level covers one digit of the index: a node that leads back upwards would say otherwise.
        if (*shift >= index_bits || *shift % bits_per_level_ != 0 ||
            *shift != expected_shift.value_or(*shift)) {
            broken_({ErrorCode::Corrupt, fmt::format("a tree node claims shift {}", *shift), address});
            return true;
        }
        const ByteReader reader(slots, memory_.endian());
        for (std::uint64_t i = 0; i < slot_count_; ++i) {
            const std::uint64_t child = marked(word_ == 8 ? *reader.u64(i * 8) : *reader.u32(i * 4), *shift);
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
    std::optional<std::uint64_t> shift_offset_;
    std::uint64_t slots_offset_ = 0, slot_count_ = 0;
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

std::optional<unsigned> top_shift_of_xarray(const Object& array) {
    if (!array.ok()) return std::nullopt;
    const std::function<bool(std::uint64_t, std::uint64_t)> nothing;
    return Walk(array, nothing, {}).top_shift(array);
}

}  // namespace postmortem
