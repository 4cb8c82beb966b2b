#include "kernel/lists.h"

#include <fmt/format.h>

namespace postmortem {
namespace {

constexpr std::uint64_t next_offset = 0;  // the backward link follows

// Brent's cycle detection: a remembered node that is met again ends the walk; no set of visited nodes is
// kept.
Result<void> walk(const AddressSpace& memory, std::uint64_t head, std::uint64_t link,
                  const std::function<bool(std::uint64_t)>& visit, std::size_t limit) {
    auto node = memory.word(head + link);
    if (!node) return fail(std::move(node.error()));
    std::uint64_t remembered = 0;
    std::size_t remember_at = 1;
    for (std::size_t steps = 0; *node != head; ++steps) {
        if (*node == 0)
            return fail(ErrorCode::Corrupt, fmt::format("the list at {:#x} ends in a null pointer", head),
                        head);
        if (*node == remembered)
            return fail(ErrorCode::Corrupt, fmt::format("the list at {:#x} loops at node {:#x}", head, *node),
                        *node);
        if (steps >= limit)
            return fail(ErrorCode::Corrupt,
                        fmt::format("the list at {:#x} has more than {} entries", head, limit), head);
        if (steps == remember_at) {
            remembered = *node;
            remember_at *= 2;
        }
        if (!visit(*node)) return {};
        const std::uint64_t here = *node;
        node = memory.word(here + link);
        if (!node) {
            node.error().message =
                fmt::format("the list at {:#x} breaks at node {:#x}: {}", head, here, node.error().message);
            return fail(std::move(node.error()));
        }
    }
    return {};
}

}  // namespace

Result<void> for_each_list_node(const AddressSpace& memory, std::uint64_t head,
                                const std::function<bool(std::uint64_t)>& visit, std::size_t limit) {
    return walk(memory, head, next_offset, visit, limit);
}

Result<void> for_each_list_node_backwards(const AddressSpace& memory, std::uint64_t head,
                                          const std::function<bool(std::uint64_t)>& visit,
                                          std::size_t limit) {
    return walk(memory, head, memory.word_size(), visit, limit);
}

}  // namespace postmortem
