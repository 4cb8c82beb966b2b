#include "kernel/sched/rt_queue.h"

#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "kernel/lists.h"

namespace postmortem {
namespace {

constexpr unsigned deepest_rt_group = 128;
constexpr std::size_t most_rt_entities = 1u << 20;
constexpr std::uint64_t most_rt_lists = 1024;  // MAX_RT_PRIO is 100

}  // namespace

RtQueues::RtQueues(const Kernel& kernel, const TaskIndex& tasks, const TaskGroups& groups)
    : kernel_(kernel), tasks_(tasks), groups_(groups), grouped_(groups.have("rt_rq")) {
    const FieldFinder find(kernel.types(), missing_);
    lists_ = find("rt_rq", {"active.queue"});
    count_ = find("rt_rq", {"rt_nr_running"});
    link_ = find("sched_rt_entity", {"run_list"});
    entity_ = find("task_struct", {"rt"});
    priority_ = find("task_struct", {"prio"});
    own_queue_ = Field::find(kernel.types(), "sched_rt_entity", {"my_q"}).value_or(Field());
    group_ = Field::find(kernel.types(), "rt_rq", {"tg"}).value_or(Field());
}

/// One CPU's walk.
class RtWalk {
  public:
    RtWalk(const RtQueues& queues, const RunQueue& rq)
        : kernel_(queues.kernel_), memory_(queues.kernel_.memory()), layout_(queues), rq_(rq) {}

    ClassQueue run(std::uint64_t root) {
        found_.queue = root;
        found_.address = kernel_.object("rt_rq", root)["active"].checked_address().value_or(root);
        queue(root, 0);
        return std::move(found_);
    }

  private:
    void queue(std::uint64_t rt_rq, unsigned depth);
    void entity(std::uint64_t entity, std::uint32_t list, unsigned depth);
    void task(std::uint64_t address, std::uint32_t list, unsigned depth);
    QueuedEntity group_of(std::uint64_t rt_rq, std::optional<std::uint32_t> list, unsigned depth);
    void dequeued_children(std::size_t group, unsigned depth);

    const Kernel& kernel_;
    const AddressSpace& memory_;
    const RtQueues& layout_;
    const RunQueue& rq_;
    bool dequeued_ = false;    ///< what is walked now hangs on no CPU's lists
    std::uint64_t tasks_ = 0;  ///< found up to now, those in groups included
    std::unordered_set<std::uint64_t> seen_;
    ClassQueue found_;
};

void RtWalk::queue(std::uint64_t rt_rq, unsigned depth) {
    if (depth > deepest_rt_group || !seen_.insert(rt_rq).second)
        return found_.add({ErrorCode::Corrupt, "a group of real-time tasks is queued in itself", rt_rq});
    const std::uint64_t lists = layout_.lists_.elements(), word = memory_.word_size();
    if (lists == 0 || lists > most_rt_lists)
        return found_.add({ErrorCode::Corrupt, "the array of real-time lists has an impossible size", rt_rq});
    const std::size_t problems = found_.problems.size();
    const std::uint64_t before = tasks_;
    for (std::uint32_t list = 0; list < lists; ++list) {
        const auto walked = for_each_list_node(
            memory_, layout_.lists_.address_in(rt_rq) + 2 * word * list,
            [&](std::uint64_t node) {
                entity(node - layout_.link_.offset(), list, depth);
                return true;
            },
            most_rt_entities);
        if (!walked) found_.add(walked.error());
    }
    // Of a group's tasks the queues above it are told, as long as it is queued (inc_rt_tasks()).
    const auto right =
        check_queue_count("real-time runqueue", rt_rq, layout_.count_.u64(memory_, rt_rq), tasks_ - before);
    if (!right && problems == found_.problems.size()) found_.add(right.error());
    if (!layout_.grouped_ || !layout_.group_.present()) return;
    const auto group = found_.value(layout_.group_.u64(memory_, rt_rq));
    const std::uint64_t counted = tasks_;
    if (const auto known = group ? layout_.groups_.index_of(*group) : std::nullopt)
        dequeued_children(*known, depth);
    tasks_ = counted;
}

void RtWalk::entity(std::uint64_t entity, std::uint32_t list, unsigned depth) {
    if (layout_.own_queue_.present()) {
        const auto own = found_.value(layout_.own_queue_.u64(memory_, entity));
        if (!own) return;
        if (*own != 0) {
            found_.entities.push_back(group_of(*own, list, depth + 1));
            return queue(*own, depth + 1);
        }
    }
    task(entity - layout_.entity_.offset(), list, depth);
}

void RtWalk::task(std::uint64_t address, std::uint32_t list, unsigned depth) {
    const auto known = found_.value(layout_.tasks_.at(address));
    if (!known) return;
    const auto priority = found_.value(layout_.priority_.i64(memory_, address));
    if (!priority) return;
    if (*priority != static_cast<std::int64_t>(list))
        return found_.add({ErrorCode::Corrupt,
                           fmt::format("pid {} has priority {} and is in the real-time list {}",
                                       (*known)->pid, *priority, list),
                           address});
    ++tasks_;
    QueuedEntity queued;
    queued.depth = depth;
    queued.task = *known;
    queued.list = list;
    queued.current = address == rq_.current;
    queued.dequeued = dequeued_;
    found_.entities.push_back(queued);
}

QueuedEntity RtWalk::group_of(std::uint64_t rt_rq, std::optional<std::uint32_t> list, unsigned depth) {
    QueuedEntity queued;
    queued.depth = depth;
    queued.queue = rt_rq;
    queued.list = list;
    queued.dequeued = dequeued_;
    queued.group = found_.value(layout_.group_.u64(memory_, rt_rq)).value_or(0);
    if (const auto throttled = kernel_.object("rt_rq", rt_rq)["rt_throttled"].u64())
        queued.throttled = *throttled != 0;
    return queued;
}

// A group that is throttled is in no list.
void RtWalk::dequeued_children(std::size_t group, unsigned depth) {
    const auto& all = layout_.groups_.all();
    for (const std::size_t child : all[group].children) {
        const auto rt_rq = found_.value(layout_.groups_.queue_of(all[child], "rt_rq", rq_.cpu));
        if (!rt_rq || seen_.contains(*rt_rq)) continue;
        const auto count = found_.value(layout_.count_.u64(memory_, *rt_rq));
        if (!count) continue;
        const bool outer = std::exchange(dequeued_, true);
        const std::size_t place = found_.entities.size();
        const auto highest = kernel_.object("rt_rq", *rt_rq).path("highest_prio.curr").u64();
        const auto list = highest ? std::optional(static_cast<std::uint32_t>(*highest)) : std::nullopt;
        if (*count != 0) {
            found_.entities.push_back(group_of(*rt_rq, list, depth + 1));
            queue(*rt_rq, depth + 1);
        } else {
            dequeued_children(child, depth + 1);
            if (found_.entities.size() > place)
                found_.entities.insert(found_.entities.begin() + static_cast<std::ptrdiff_t>(place),
                                       group_of(*rt_rq, list, depth + 1));
        }
        dequeued_ = outer;
    }
}

ClassQueue RtQueues::of(const RunQueue& rq) const {
    const auto root = rq.rq["rt"].checked_address();
    if (missing_ || !root) {
        ClassQueue none;
        none.add(missing_ ? *missing_ : root.error());
        return none;
    }
    return RtWalk(*this, rq).run(*root);
}

}  // namespace postmortem
