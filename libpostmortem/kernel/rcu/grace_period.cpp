#include "kernel/rcu/grace_period.h"

#include <algorithm>

#include "kernel/sched/clock.h"
#include "object/field.h"

namespace postmortem {
namespace {

// RCU_SEQ_STATE_MASK (kernel/rcu/rcu.h, 7f6733c3c648): the low bits of gp_seq
// are not 0 while one goes on.
constexpr std::uint64_t sequence_state = 3;
constexpr std::size_t most_rcu_nodes = 4096, most_readers = 10'000;
constexpr std::size_t longest_flavour = 32;

class GracePeriodReader {
  public:
    explicit GracePeriodReader(const Kernel& kernel)
        : kernel_(kernel), state_(kernel.variable("rcu_state", "rcu_state")) {}

    Result<GracePeriod> read() {
        const auto sequence = state_["gp_seq"].u64(), began = state_["gp_start"].u64();
        if (!sequence || !began) return fail(!sequence ? sequence.error() : began.error());
        made_.going_on = (*sequence & sequence_state) != 0;
        made_.flavour = state_["name"].string(longest_flavour).value_or("rcu");
        const auto now = kernel_.word("jiffies");
        const auto hz = ticks_per_second(kernel_);
        if (now && hz && *hz != 0 && *now >= *began) made_.seconds = static_cast<double>(*now - *began) / *hz;
        if (!made_.going_on) return made_;
        if (auto done = read_leaves(); !done) return fail(done.error());
        return made_;
    }

  private:
    // The nodes lie in one array, the leaves last: level[rcu_num_lvls - 1] is the
    // first of these.
    Result<void> read_leaves() {
        const auto levels = kernel_.number<std::uint32_t>("rcu_num_lvls"),
                   nodes = kernel_.number<std::uint32_t>("rcu_num_nodes");
        const auto first_of_all = state_["node"].checked_address();
        const auto size = kernel_.types().size_of("rcu_node");
        if (!levels || !nodes || *levels == 0)
            return fail(!levels  ? levels.error()
                        : !nodes ? nodes.error()
                                 : Error{ErrorCode::Corrupt, "RCU has no levels"});
        if (!first_of_all || !size) return fail(!first_of_all ? first_of_all.error() : size.error());
        const auto first = state_["level"].at(*levels - 1).u64();
        if (!first) return fail(first.error());
        const std::uint64_t end =
            *first_of_all + std::uint64_t{std::min<std::uint32_t>(*nodes, most_rcu_nodes)} * *size;
        for (std::uint64_t node = *first; node >= *first_of_all && node < end; node += *size)
            if (auto done = read_leaf(kernel_.object("rcu_node", node)); !done) return done;
        return {};
    }

    Result<void> read_leaf(const Object& node) {
        const auto mask = node["qsmask"].u64(), low = node["grplo"].u64();
        if (!mask || !low) return fail(!mask ? mask.error() : low.error());
        for (unsigned bit = 0; bit < 64; ++bit)
            if ((*mask >> bit & 1) != 0) made_.cpus.push_back(static_cast<std::uint32_t>(*low + bit));
        const auto tasks = node["gp_tasks"].u64();
        return tasks && *tasks != 0 ? read_readers(node, *tasks) : Result<void>();
    }

    // From gp_tasks on to the end of the list, they hold up this grace period.
    Result<void> read_readers(const Object& node, std::uint64_t from) {
        const auto head = node["blkd_tasks"].checked_address();
        const auto link = Field::find(kernel_.types(), "task_struct", {"rcu_node_entry"});
        if (!head || !link) return fail(!head ? head.error() : link.error());
        for (std::uint64_t at = from; at != *head && made_.readers.size() < most_readers;) {
            made_.readers.push_back(at - link->offset());
            const auto next = kernel_.memory().word(at);
            if (!next) return fail(next.error());
            at = *next;
        }
        return {};
    }

    const Kernel& kernel_;
    Object state_;
    GracePeriod made_;
};

}  // namespace

Result<GracePeriod> read_grace_period(const Kernel& kernel) {
    return GracePeriodReader(kernel).read();
}

}  // namespace postmortem
