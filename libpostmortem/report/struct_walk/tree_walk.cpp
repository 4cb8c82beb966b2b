#include <unordered_set>

#include <fmt/format.h>

#include "base/text.h"
#include "kernel/maple_tree.h"
#include "kernel/xarray.h"
#include "report/struct_view/object_check.h"
#include "report/struct_walk/walked_entries.h"
#include "report/values/address_word.h"

namespace postmortem {
namespace {

constexpr unsigned deepest_tree = 128;  // a balanced one of all addresses has fewer levels

// The nodes of a red-black tree: struct rb_node of include/linux/rbtree.h.
class RedBlackWalk {
  public:
    RedBlackWalk(const Kernel& kernel, std::uint64_t link, bool in_order, WalkedEntries& entries)
        : kernel_(kernel), link_(link), in_order_(in_order), entries_(entries) {}

    Result<void> run(std::uint64_t node) {
        const TypeFinder& types = kernel_.types();
        const auto left = types.offset_of("rb_node", "rb_left"),
                   right = types.offset_of("rb_node", "rb_right");
        if (!left) return fail(left.error());
        if (!right) return fail(right.error());
        left_ = *left;
        right_ = *right;
        visit(node, "root", 0);
        return {};
    }

  private:
    bool visit(std::uint64_t node, const std::string& position, unsigned depth) {
        if (node == 0) return true;
        if (depth > deepest_tree || !seen_.insert(node).second) {
            entries_.trouble({ErrorCode::Corrupt, "the tree runs into itself here, and is none", node});
            return true;
        }
        const auto left = child(node, left_), right = child(node, right_);
        const bool is_node = left && right;
        if (!in_order_ && is_node && !entries_.add(node - link_, std::nullopt, position)) return false;
        if (left && !visit(*left, position + "/l", depth + 1)) return false;
        if (in_order_ && is_node && !entries_.add(node - link_, std::nullopt, position)) return false;
        return !right || visit(*right, position + "/r", depth + 1);
    }

    Result<std::uint64_t> child(std::uint64_t node, std::uint64_t offset) {
        auto found = kernel_.memory().word(node + offset);
        if (!found) {
            Error error = found.error();
            error.message = fmt::format("a node cannot be read, nor what hangs below: {}", error.message);
            entries_.trouble(std::move(error));
        }
        return found;
    }

    const Kernel& kernel_;
    std::uint64_t link_;
    bool in_order_;
    WalkedEntries& entries_;
    std::uint64_t left_ = 0, right_ = 0;
    std::unordered_set<std::uint64_t> seen_;
};

// The slots on the way to an index, from the root's node down.
std::string slots_to(std::uint64_t index, unsigned top_shift, unsigned bits) {
    std::string position = "root";
    for (int shift = static_cast<int>(top_shift); shift >= 0; shift -= static_cast<int>(bits))
        position += fmt::format("/{}", index >> shift & ((1u << bits) - 1));
    return position;
}

Result<void> walk_array(const Kernel& kernel, const TreeRequest& request, std::uint64_t address,
                        WalkedEntries& entries) {
    const bool is_xarray = kernel.types().find_struct("xarray").has_value();
    if (!is_xarray && request.kind == TreeRequest::Kind::Xarray)
        return fail(ErrorCode::Unsupported,
                    "this kernel has no xarrays yet: they are radix trees (-t radix)");
    if (is_xarray && request.kind == TreeRequest::Kind::Radix)
        return fail(ErrorCode::Unsupported,
                    "this kernel has no radix trees any more: they are xarrays (-t xarray)");
    const char* const root_type = is_xarray ? "xarray" : "radix_tree_root";
    if (auto doubt = doubt_of_member(kernel, root_type, address)) entries.trouble(std::move(*doubt));
    const Object root = kernel.object(root_type, address);
    const char* const node_type = is_xarray ? "xa_node" : "radix_tree_node";
    const auto top = top_shift_of_xarray(root);
    const auto node = kernel.types().find_struct(node_type);
    const auto slots = node ? kernel.types().member(*node, "slots") : fail(node.error());
    if (!slots) return fail(slots.error());
    const std::uint64_t count = kernel.types().get(slots->type).count;
    const unsigned bits = count == 16 ? 4 : 6;
    for_each_xarray_entry(
        root,
        [&](std::uint64_t index, std::uint64_t entry) {
            return entries.add(entry, index, top ? slots_to(index, *top, bits) : "root");
        },
        [&](Error error) { entries.trouble(std::move(error)); });
    return {};
}

// Entries are counted from 1, as crash counts them. With -N the address is a pointer to a node as the tree
// has it, its type in the low bits.
Result<void> walk_maple(const Kernel& kernel, const TreeRequest& request, std::uint64_t address,
                        WalkedEntries& entries) {
    constexpr std::uint64_t mark_bits = 3, node_mark = 2;
    if (request.at_node && (address & mark_bits) != node_mark)
        return fail(ErrorCode::InvalidArgument,
                    "a node of a maple tree is named by its pointer, which has its type in the low bits");
    const auto root = request.at_node ? Result<std::uint64_t>(address)
                                      : kernel.object("maple_tree", address)["ma_root"].u64();
    if (!root) return fail(root.error());
    if (!request.at_node)
        if (auto doubt = doubt_of_member(kernel, "maple_tree", address)) entries.trouble(std::move(*doubt));
    std::uint64_t count = 0;
    walk_maple_tree(
        kernel.memory(), kernel.types(), *root,
        [&](const MapleEntry& found) {
            std::string position = "root";
            for (const std::uint32_t slot : found.slots) position += fmt::format("/{}", slot);
            return entries.add_range(found.entry, ++count, std::move(position), {found.first, found.last});
        },
        [&](Error error) { entries.trouble(std::move(error)); });
    return {};
}

}  // namespace

Result<WalkedStructs> walk_tree(const CrashDump& dump, const TreeRequest& request) {
    const Kernel& kernel = dump.kernel();
    const auto start = resolve_address(kernel, request.at);
    const auto root = link_offset(kernel.types(), request.root),
               link = link_offset(kernel.types(), request.link);
    for (const auto* part : {&start, &root, &link})
        if (!*part) return fail(part->error());
    auto entries = WalkedEntries::open(kernel, request.type);
    if (!entries) return fail(std::move(entries.error()));
    Result<void> done;
    if (*start == 0) return fail(ErrorCode::InvalidArgument, "no tree lies at address 0");
    if (request.kind == TreeRequest::Kind::RedBlack) {
        auto node = request.at_node ? Result<std::uint64_t>(*start) : kernel.memory().word(*start + *root);
        if (!node) return fail(std::move(node.error()));
        done = RedBlackWalk(kernel, *link, request.in_order, *entries).run(*node);
    } else if (request.kind == TreeRequest::Kind::Maple) {
        done = walk_maple(kernel, request, *start + (request.at_node ? 0 : *root), *entries);
    } else if (request.at_node) {
        done = fail(ErrorCode::Unsupported,
                    "a node of an array does not tell where its own index begins: name the root");
    } else {
        done = walk_array(kernel, request, *start + *root, *entries);
    }
    if (!done) return fail(std::move(done.error()));
    return entries->finish();
}

}  // namespace postmortem
