#include "kernel/rbtree.h"

#include <optional>
#include <vector>

#include <fmt/format.h>

namespace postmortem {
namespace {

// A balanced tree of 2^64 nodes is no higher.
constexpr std::size_t highest_tree = 128;
constexpr std::uint64_t colour_bits = 3;

struct TreeNode {
    std::uint64_t address = 0, left = 0, right = 0;
};

// __rb_parent_color, rb_right, rb_left. Whoever names its parent has one parent: there are no cycles.
Result<TreeNode> read_tree_node(const AddressSpace& memory, std::uint64_t address, std::uint64_t parent) {
    const std::uint64_t word = memory.word_size();
    const auto above = memory.word(address), right = memory.word(address + word),
               left = memory.word(address + 2 * word);
    for (const auto* part : {&above, &right, &left})
        if (!*part) return fail(part->error());
    if ((*above & ~colour_bits) != parent)
        return fail(ErrorCode::Corrupt,
                    fmt::format("the tree's node at {:#x} names another parent than {:#x}", address, parent),
                    address);
    if (*left == *right && *left != 0)
        return fail(ErrorCode::Corrupt, fmt::format("the tree's node at {:#x} has one child twice", address),
                    address);
    return TreeNode{address, *left, *right};
}

class TreeWalk {
  public:
    TreeWalk(const AddressSpace& memory, std::size_t limit) : memory_(memory), left_(limit) {}

    /// Puts a node and all that is to its left on the stack.
    void descend(std::uint64_t node, std::uint64_t parent) {
        while (node != 0) {
            auto read = read_tree_node(memory_, node, parent);
            if (read && (above_.size() >= highest_tree || left_ == 0))
                read = fail(ErrorCode::Corrupt, "a tree is higher or larger than any can be", node);
            if (!read) {
                if (!error_) error_ = std::move(read.error());
                return;
            }
            --left_;
            above_.push_back(*read);
            parent = node;
            node = read->left;
        }
    }

    std::optional<TreeNode> next() {
        if (above_.empty()) return std::nullopt;
        const TreeNode node = above_.back();
        above_.pop_back();
        return node;
    }

    const std::optional<Error>& error() const { return error_; }

  private:
    const AddressSpace& memory_;
    std::size_t left_;  ///< nodes that may still be met
    std::vector<TreeNode> above_;
    std::optional<Error> error_;
};

}  // namespace

Result<void> for_each_rb_node(const AddressSpace& memory, std::uint64_t root,
                              const std::function<bool(std::uint64_t)>& visit, std::size_t limit) {
    const auto top = memory.word(root);
    if (!top) return fail(top.error());
    TreeWalk walk(memory, limit);
    walk.descend(*top, 0);
    while (const auto node = walk.next()) {
        if (!visit(node->address)) return {};
        walk.descend(node->right, node->address);
    }
    if (walk.error()) return fail(*walk.error());
    return {};
}

}  // namespace postmortem
