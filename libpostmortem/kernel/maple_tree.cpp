#include "kernel/maple_tree.h"

#include <array>
#include <vector>

#include <fmt/format.h>

namespace postmortem {
namespace {

// A pointer to a node has its type in bits 3 to 6; the low two bits are 10, as those of an xarray's nodes.
constexpr std::uint64_t node_size = 256, node_mark = 2, type_shift = 3, type_mask = 0xf;
constexpr std::uint64_t largest_mark = 4096;  // MAPLE_RESERVED_RANGE
enum NodeType : std::uint64_t { MapleDense, MapleLeaf, MapleRange, MapleRangeWithGaps };
constexpr unsigned most_maple_levels = 31;
constexpr std::uint64_t most_maple_nodes = 1u << 20;

bool is_maple_node(std::uint64_t entry) {
    return (entry & 3) == node_mark && entry >= largest_mark;
}

class MapleWalk {
  public:
    using Visit = std::function<bool(const MapleEntry&)>;

    MapleWalk(const AddressSpace& memory, const Visit& visit, const std::function<void(Error)>& broken)
        : memory_(memory), visit_(visit), broken_(broken) {}

    void run(const TypeFinder& types, std::uint64_t root) {
        const auto range = shape_of(types, "maple_range_64"), gaps = shape_of(types, "maple_arange_64");
        if (!range || !gaps) return broken_(!range ? range.error() : gaps.error());
        range_ = *range;
        gaps_ = *gaps;
        const std::uint64_t last = memory_.word_size() == 4 ? 0xffffffff : ~std::uint64_t{0};
        slots_ = {0};
        if (!is_maple_node(root)) {
            if (root != 0) visit_({0, 0, root, slots_});
            return;
        }
        descend(root, 0, last, 0);
    }

  private:
    struct Shape {
        std::uint64_t pivots = 0, slots = 0;  ///< where they lie in a node
        std::uint64_t pivot_count = 0, slot_count = 0;
    };

    static Result<Shape> shape_of(const TypeFinder& types, std::string_view name) {
        const auto node = types.find_struct(name);
        if (!node) return fail(node.error());
        const auto pivot = types.member(*node, "pivot"), slot = types.member(*node, "slot");
        if (!pivot || !slot) return fail(!pivot ? pivot.error() : slot.error());
        const Shape shape{pivot->offset(), slot->offset(), types.get(pivot->type).count,
                          types.get(slot->type).count};
        if (shape.slot_count > node_size / 4 || shape.pivot_count >= shape.slot_count ||
            shape.slots > node_size || shape.pivots > node_size)
            return fail(ErrorCode::Corrupt, fmt::format("struct {} is no node of a maple tree", name));
        return shape;
    }

    std::uint64_t word(const ByteReader& node, std::uint64_t offset) const {
        if (memory_.word_size() == 8) return node.u64(offset).value_or(0);
        return node.u32(offset).value_or(0);
    }

    bool tell(ErrorCode code, std::string message, std::uint64_t address) {
        broken_({code, std::move(message), address});
        return true;
    }

    /// False where the visitor has had enough, or the tree is not one.
    bool descend(std::uint64_t pointer, std::uint64_t first, std::uint64_t last, unsigned level) {
        const std::uint64_t address = pointer & ~(node_size - 1);
        const std::uint64_t type = pointer >> type_shift & type_mask;
        if (++nodes_ > most_maple_nodes) {
            tell(ErrorCode::Corrupt, "the tree has more nodes than any can have", address);
            return false;
        }
        if (level >= most_maple_levels || type < MapleLeaf || type > MapleRangeWithGaps)
            return tell(ErrorCode::Corrupt, fmt::format("a maple node of type {} on level {}", type, level),
                        address);
        std::array<std::byte, node_size> raw;
        if (const auto read = memory_.read(address, raw); !read) {
            broken_(read.error());
            return true;
        }
        const ByteReader node(raw, memory_.endian());
        const Shape& shape = type == MapleRangeWithGaps ? gaps_ : range_;
        const std::uint64_t size = memory_.word_size();
        for (std::uint64_t i = 0; i < shape.slot_count; ++i) {
            const bool has_pivot = i < shape.pivot_count;
            const std::uint64_t end = has_pivot ? word(node, shape.pivots + i * size) : last;
            if (end == 0 && i > 0) break;  // pivots behind the last range
            if (end < first || end > last)
                return tell(ErrorCode::Corrupt, "a maple node's ranges are out of order", address);
            const std::uint64_t entry = word(node, shape.slots + i * size);
            slots_.resize(level);
            slots_.push_back(static_cast<std::uint32_t>(i));
            if (!step(entry, type == MapleLeaf, first, end, level)) return false;
            if (end == last) break;
            first = end + 1;
        }
        return true;
    }

    bool step(std::uint64_t entry, bool in_leaf, std::uint64_t first, std::uint64_t last, unsigned level) {
        if (entry == 0) return true;
        if (!in_leaf) return descend(entry, first, last, level + 1);
        // XA_ZERO_ENTRY and its like hold a place.
        return (entry & 3) == node_mark || visit_({first, last, entry, slots_});
    }

    const AddressSpace& memory_;
    const Visit& visit_;
    const std::function<void(Error)>& broken_;
    Shape range_, gaps_;
    std::uint64_t nodes_ = 0;
    std::vector<std::uint32_t> slots_;
};

}  // namespace

void walk_maple_tree(const AddressSpace& memory, const TypeFinder& types, std::uint64_t root,
                     const std::function<bool(const MapleEntry&)>& visit, const std::function<void(Error)>& broken) {
    MapleWalk(memory, visit, broken).run(types, root);
}

void for_each_maple_entry(
    const Object& tree,
    const std::function<bool(std::uint64_t first, std::uint64_t last, std::uint64_t entry)>& visit,
    const std::function<void(Error)>& broken) {
    if (!tree.ok()) return broken(*tree.error());
    const auto root = tree["ma_root"].u64();
    if (!root) return broken(root.error());
    walk_maple_tree(
        tree.memory(), tree.types(), *root,
        [&](const MapleEntry& found) { return visit(found.first, found.last, found.entry); }, broken);
}

}  // namespace postmortem
