#include "kernel/sched/fair_queue.h"

#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "kernel/lists.h"
#include "kernel/rbtree.h"

namespace postmortem {
namespace {

constexpr unsigned deepest_fair_group = 128;
constexpr std::size_t most_throttled = 1u << 20;

}  // namespace

FairQueues::FairQueues(const Kernel& kernel, const TaskIndex& tasks, const TaskGroups& groups)
    : kernel_(kernel), tasks_(tasks), groups_(groups) {
    const FieldFinder find(kernel.types(), missing_);
    // An rb_root, since 4.14 an rb_root_cached, which starts with one.
    timeline_ = find("cfs_rq", {"tasks_timeline"});
    current_ = find("cfs_rq", {"curr"});
    count_ = find("cfs_rq", {"nr_queued", "nr_running"});  // 6.14 (736c55a02c47)
    run_node_ = find("sched_entity", {"run_node"});
    on_rq_ = find("sched_entity", {"on_rq"});
    entity_ = find("task_struct", {"se"});

    const auto optional = [&](std::string_view structure, std::string_view member) {
        return Field::find(kernel.types(), structure, {member}).value_or(Field());
    };
    // CONFIG_FAIR_GROUP_SCHED
    own_queue_ = optional("sched_entity", "my_q");
    queue_ = optional("sched_entity", "cfs_rq");
    group_ = optional("cfs_rq", "tg");
    delayed_ = optional("sched_entity", "sched_delayed");  // 6.12 (152e11f6df29)
    // Since 6.18 a throttled group's tasks leave its tree one by one.
    limbo_ = optional("cfs_rq", "throttled_limbo_list");
    throttle_node_ = optional("task_struct", "throttle_node");
}

/// One CPU's walk.
class FairWalk {
  public:
    FairWalk(const FairQueues& queues, const RunQueue& rq)
        : kernel_(queues.kernel_), memory_(queues.kernel_.memory()), layout_(queues), rq_(rq) {}

    ClassQueue run(std::uint64_t root) {
        found_.queue = root;
        found_.address = layout_.timeline_.address_in(root);
        queue(root, 0);
        return std::move(found_);
    }

  private:
    void queue(std::uint64_t cfs_rq, unsigned depth);
    bool running_entity(std::uint64_t cfs_rq, std::uint64_t entity, unsigned depth);
    std::uint64_t tree(std::uint64_t cfs_rq, std::uint64_t current, unsigned depth);
    void limbo(std::uint64_t cfs_rq, unsigned depth);
    void entity(std::uint64_t entity, std::uint64_t cfs_rq, unsigned depth, bool current);
    void task(std::uint64_t address, unsigned depth, bool current, bool delayed, bool dequeued);
    QueuedEntity group_of(std::uint64_t cfs_rq, unsigned depth);
    void dequeued_children(std::size_t group, unsigned depth);
    bool holds_tasks(std::uint64_t cfs_rq);

    const Kernel& kernel_;
    const AddressSpace& memory_;
    const FairQueues& layout_;
    const RunQueue& rq_;
    bool dequeued_ = false;  ///< what is walked now hangs on no CPU's tree
    std::unordered_set<std::uint64_t> seen_;
    ClassQueue found_;
};

void FairWalk::queue(std::uint64_t cfs_rq, unsigned depth) {
    if (depth > deepest_fair_group || !seen_.insert(cfs_rq).second)
        return found_.add({ErrorCode::Corrupt, "a group of tasks is queued in itself", cfs_rq});
    const auto current = found_.value(layout_.current_.u64(memory_, cfs_rq));
    std::uint64_t entries = 0;
    if (current && *current != 0 && running_entity(cfs_rq, *current, depth)) ++entries;
    entries += tree(cfs_rq, current.value_or(0), depth);
    const std::size_t before = found_.problems.size();
    if (const auto right =
            check_queue_count("fair runqueue", cfs_rq, layout_.count_.u64(memory_, cfs_rq), entries);
        !right && before == found_.problems.size())
        found_.add(right.error());
    limbo(cfs_rq, depth);
    if (!layout_.group_.present()) return;
    const auto group = found_.value(layout_.group_.u64(memory_, cfs_rq));
    if (const auto known = group ? layout_.groups_.index_of(*group) : std::nullopt)
        dequeued_children(*known, depth);
}

// What runs is not in the tree, but counted, unless it is just going to sleep.
bool FairWalk::running_entity(std::uint64_t cfs_rq, std::uint64_t current, unsigned depth) {
    const auto on_rq = found_.value(layout_.on_rq_.u64(memory_, current));
    if (!on_rq) return false;
    entity(current, cfs_rq, depth, true);
    return *on_rq != 0;
}

std::uint64_t FairWalk::tree(std::uint64_t cfs_rq, std::uint64_t current, unsigned depth) {
    std::uint64_t entries = 0;
    const auto walked =
        for_each_rb_node(memory_, layout_.timeline_.address_in(cfs_rq), [&](std::uint64_t node) {
            const std::uint64_t queued = node - layout_.run_node_.offset();
            if (queued == current) return true;
            ++entries;
            entity(queued, cfs_rq, depth, false);
            return true;
        });
    if (!walked) found_.add(walked.error());
    return entries;
}

void FairWalk::limbo(std::uint64_t cfs_rq, unsigned depth) {
    if (!layout_.limbo_.present() || !layout_.throttle_node_.present()) return;
    const auto walked = for_each_list_node(
        memory_, layout_.limbo_.address_in(cfs_rq),
        [&](std::uint64_t node) {
            task(node - layout_.throttle_node_.offset(), depth, false, false, true);
            return true;
        },
        most_throttled);
    if (!walked) found_.add(walked.error());
}

void FairWalk::entity(std::uint64_t entity, std::uint64_t cfs_rq, unsigned depth, bool current) {
    if (layout_.queue_.present()) {
        const auto owner = found_.value(layout_.queue_.u64(memory_, entity));
        if (!owner) return;
        if (*owner != cfs_rq)
            return found_.add({ErrorCode::Corrupt,
                               fmt::format("what is queued at {:#x} belongs to another runqueue", entity),
                               entity});
    }
    if (layout_.own_queue_.present()) {
        const auto own = found_.value(layout_.own_queue_.u64(memory_, entity));
        if (!own) return;
        if (*own != 0) {
            found_.entities.push_back(group_of(*own, depth + 1));
            return queue(*own, depth + 1);
        }
    }
    const bool delayed = layout_.delayed_.present() && layout_.delayed_.u64_or(memory_, entity, 0) != 0;
    task(entity - layout_.entity_.offset(), depth, current, delayed, false);
}

void FairWalk::task(std::uint64_t address, unsigned depth, bool current, bool delayed, bool dequeued) {
    const auto known = found_.value(layout_.tasks_.at(address));
    if (!known) return;
    QueuedEntity queued;
    queued.depth = depth;
    queued.task = *known;
    queued.current = current;
    queued.dequeue_delayed = delayed;
    queued.dequeued = dequeued || dequeued_;
    found_.entities.push_back(queued);
}

QueuedEntity FairWalk::group_of(std::uint64_t cfs_rq, unsigned depth) {
    QueuedEntity queued;
    queued.depth = depth;
    queued.queue = cfs_rq;
    queued.dequeued = dequeued_;
    queued.group = found_.value(layout_.group_.u64(memory_, cfs_rq)).value_or(0);
    // CONFIG_CFS_BANDWIDTH; an int until 6.18
    const Object throttled = kernel_.object("cfs_rq", cfs_rq)["throttled"];
    if (const auto is = throttled.u64()) queued.throttled = *is != 0;
    return queued;
}

bool FairWalk::holds_tasks(std::uint64_t cfs_rq) {
    const auto count = found_.value(layout_.count_.u64(memory_, cfs_rq));
    if (!count || *count != 0 || !layout_.limbo_.present()) return count && *count != 0;
    const std::uint64_t head = layout_.limbo_.address_in(cfs_rq);
    const auto first = found_.value(memory_.word(head));
    return first && *first != head;
}

// A group that is throttled is on no tree, nor are those below it.
void FairWalk::dequeued_children(std::size_t group, unsigned depth) {
    const auto& all = layout_.groups_.all();
    for (const std::size_t child : all[group].children) {
        const auto cfs_rq = found_.value(layout_.groups_.queue_of(all[child], "cfs_rq", rq_.cpu));
        if (!cfs_rq || seen_.contains(*cfs_rq)) continue;
        const bool outer = std::exchange(dequeued_, true);
        const std::size_t place = found_.entities.size();
        if (holds_tasks(*cfs_rq)) {
            found_.entities.push_back(group_of(*cfs_rq, depth + 1));
            queue(*cfs_rq, depth + 1);
        } else {
            dequeued_children(child, depth + 1);
            if (found_.entities.size() > place)
                found_.entities.insert(found_.entities.begin() + static_cast<std::ptrdiff_t>(place),
                                       group_of(*cfs_rq, depth + 1));
        }
        dequeued_ = outer;
    }
}

ClassQueue FairQueues::of(const RunQueue& rq) const {
    const auto root = rq.rq["cfs"].checked_address();
    if (missing_ || !root) {
        ClassQueue none;
        none.problems.push_back(missing_ ? *missing_ : root.error());
        return none;
    }
    return FairWalk(*this, rq).run(*root);
}

}  // namespace postmortem
