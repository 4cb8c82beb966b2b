#include "kernel/net/neighbour_table.h"

#include <algorithm>
#include <unordered_set>

#include "base/problem_collector.h"

namespace postmortem {
namespace {

constexpr std::uint64_t largest_shift = 24, most_chains = 1u << largest_shift;
constexpr std::uint64_t longest_address = 32;  // MAX_ADDR_LEN
constexpr std::size_t most_neighbours = 1u << 20;

Result<NeighbourState> read_one(const Object& neighbour) {
    NeighbourState one;
    one.address = neighbour.address();
    const Object device = neighbour["dev"].deref();
    const auto key = neighbour["primary_key"].checked_address(), hardware = neighbour["ha"].checked_address();
    const auto state = neighbour["nud_state"].u64(), type = device["type"].u64(),
               length = device["addr_len"].u64();
    auto name = device["name"].string();
    for (const auto* part : {&key, &hardware, &state, &type, &length})
        if (!*part) return fail(part->error());
    if (!name) return fail(std::move(name.error()));
    if (auto done = neighbour.memory().read(*key, one.ip); !done) return fail(std::move(done.error()));
    auto bytes = neighbour.memory().bytes(*hardware, std::min(*length, longest_address));
    if (!bytes) return fail(std::move(bytes.error()));
    one.hardware_address = std::move(*bytes);
    one.hardware_type = *type;
    one.device = std::move(*name);
    one.state = *state;
    return one;
}

Result<std::uint64_t> number_of_chains(const Object& hash) {
    const bool by_mask = hash.has("hash_mask");
    const auto told = hash[by_mask ? "hash_mask" : "hash_shift"].u64();
    if (!told) return told;
    if (*told >= (by_mask ? most_chains : largest_shift + 1))
        return fail(ErrorCode::Corrupt, "the table of neighbours has an impossible size");
    return by_mask ? *told + 1 : std::uint64_t{1} << *told;
}

}  // namespace

// Chains are linked by `next`, since 6.13 (00df5e1a3fdf) by the hlist_node `hash`. Their heads were the
// table's own until 2.6.37 (d6bf781712a1), and as many as a mask tells until 3.2 or so.
Result<NeighbourTable> read_neighbours(const Kernel& kernel) {
    const auto symbol = kernel.symbol("arp_tbl");
    if (!symbol) return fail(symbol.error());
    const Object arp = kernel.object("neigh_table", *symbol);
    const Object hash = arp.has("hash_buckets") ? arp : arp["nht"].deref();
    const auto size = number_of_chains(hash), buckets = hash.first_of({"hash_heads", "hash_buckets"}).u64();
    if (!size) return fail(size.error());
    if (!buckets) return fail(buckets.error());
    const bool by_node = hash.has("hash_heads");
    const auto link = kernel.types().offset_of("neighbour", by_node ? "hash" : "next");
    if (!link) return fail(link.error());
    const AddressSpace& memory = kernel.memory();
    NeighbourTable table;
    ProblemCollector problems;
    std::unordered_set<std::uint64_t> seen;
    for (std::uint64_t i = 0; i < *size; ++i) {
        auto next = memory.word(*buckets + i * memory.word_size());
        for (; next && *next != 0; next = memory.word((by_node ? *next - *link : *next) + *link)) {
            const std::uint64_t address = by_node ? *next - *link : *next;
            if (!seen.insert(address).second || seen.size() > most_neighbours) {
                problems.add({ErrorCode::Corrupt, "a chain of neighbours does not end", address});
                break;
            }
            auto one = read_one(kernel.object("neighbour", address));
            if (one)
                table.neighbours.push_back(std::move(*one));
            else
                problems.add("a neighbour", one.error());
        }
        if (!next) problems.add("a chain of neighbours", next.error());
    }
    table.problems = problems.take();
    return table;
}

}  // namespace postmortem
