#include "kernel/xarray.h"

#include <fmt/format.h>

namespace postmortem {
namespace {

// include/linux/xarray.h: the low two bits tell pointers (00), values (x1) and internal entries (10) apart;
// an internal entry above 4096 is a node, one below is a sibling, a retry or zero mark.
constexpr std::uint64_t internal_tag = 2;
constexpr std::uint64_t smallest_node = 4096;
constexpr unsigned most_levels = 12;  // 64 bits of index at 6 bits a level, and one to spare
constexpr std::uint64_t most_nodes = 1u << 22;

bool is_node(std::uint64_t entry) {
    return (entry & 3) == internal_tag && entry > smallest_node;
}

bool is_user_entry(std::uint64_t entry) {
    return entry != 0 && (entry & 3) != internal_tag;
}

class Walk {
  public:
    Walk(const Object& array, const std::function<bool(std::uint64_t, std::uint64_t)>& visit,
         const std::function<void(Error)>& broken)
        : array_(array), visit_(visit), broken_(broken) {}

    void run() {
        const Object head = array_.first_of({"xa_head", "rnode"});
        const auto entry = head.u64();
        if (!entry) return broken_(entry.error());
        const auto node = array_.types().find_struct(array_.has("xa_head") ? "xa_node" : "radix_tree_node");
        if (!node) return broken_(node.error());
        node_type_ = *node;
        descend(*entry, 0, most_levels);
    }

  private:
    bool descend(std::uint64_t entry, std::uint64_t base, unsigned levels_left) {
        if (!is_node(entry)) return !is_user_entry(entry) || visit_(base, entry);
        if (levels_left == 0 || ++nodes_ > most_nodes) {
            broken_({ErrorCode::Corrupt, "the tree is deeper or larger than any can be", entry});
            return false;
        }
        const std::uint64_t address = entry - internal_tag;
        const Object node(array_.memory(), array_.types(), node_type_, address);
        const auto shift = node["shift"].u64();
        const Object slots = node["slots"];
        const auto raw = slots.bytes();
        if (!shift || !raw || *shift >= 64) {
            broken_(!shift ? shift.error()
                    : !raw ? raw.error()
                           : Error(ErrorCode::Corrupt, fmt::format("a tree node claims shift {}", *shift),
                                   address));
            return true;
        }
        const ByteReader reader(*raw, array_.memory().endian());
        for (std::uint64_t i = 0; i * 8 < raw->size(); ++i) {
            const std::uint64_t child = reader.u64(i * 8).value_or(0);
            if (!descend(child, base + (i << *shift), levels_left - 1)) return false;
        }
        return true;
    }

    const Object& array_;
    const std::function<bool(std::uint64_t, std::uint64_t)>& visit_;
    const std::function<void(Error)>& broken_;
    TypeId node_type_ = 0;
    std::uint64_t nodes_ = 0;
};

}  // namespace

void for_each_xarray_entry(const Object& array,
                           const std::function<bool(std::uint64_t, std::uint64_t)>& visit,
                           const std::function<void(Error)>& broken) {
    Walk(array, visit, broken).run();
}

}  // namespace postmortem
