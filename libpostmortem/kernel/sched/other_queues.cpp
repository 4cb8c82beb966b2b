#include "kernel/sched/other_queues.h"

#include "kernel/lists.h"
#include "kernel/rbtree.h"

namespace postmortem {
namespace {

constexpr std::size_t most_in_class = 1u << 20;

void add_task(ClassQueue& found, const TaskIndex& tasks, const RunQueue& rq, std::uint64_t address) {
    const auto known = tasks.at(address);
    if (!known) return found.add(known.error());
    QueuedEntity queued;
    queued.task = *known;
    queued.current = address == rq.current;
    found.entities.push_back(queued);
}

// A queue with this problem alone.
ClassQueue unreadable(const Error& error) {
    ClassQueue none;
    none.add(error);
    return none;
}

void check_class_count(ClassQueue& found, std::string_view what, const Object& counter,
                       std::uint64_t entries) {
    if (!found.problems.empty()) return;
    const auto right = check_queue_count(what, found.queue, counter.u64(), entries);
    if (!right) found.add(right.error());
}

}  // namespace

std::optional<ClassQueue> deadline_queue(const Kernel& kernel, const TaskIndex& tasks, const RunQueue& rq) {
    if (rq.rq.ok() && !rq.rq.has("dl")) return std::nullopt;
    const Object dl = rq.rq["dl"];
    // Until 4.13 an rb_root, called rb_root; then an rb_root_cached
    const auto root = dl.first_of({"root", "rb_root"}).checked_address();
    const auto node_at = kernel.types().offset_of("sched_dl_entity", "rb_node"),
               entity_at = kernel.types().offset_of("task_struct", "dl");
    for (const auto* part : {&root, &node_at, &entity_at})
        if (!*part) return unreadable(part->error());
    ClassQueue found;
    found.queue = dl.address();
    found.address = *root;
    std::uint64_t entries = 0;
    const auto walked = for_each_rb_node(kernel.memory(), *root, [&](std::uint64_t node) {
        ++entries;
        const Object entity = kernel.object("sched_dl_entity", node - *node_at);
        // Since 6.8 (63ba8422f876) the fair class has such an entity of its own; it is part of the rq.
        const auto server = entity.has("dl_server") ? entity["dl_server"].u64() : Result<std::uint64_t>(0);
        if (!server)
            found.add(server.error());
        else if (*server == 0)
            add_task(found, tasks, rq, entity.address() - *entity_at);
        return true;
    });
    if (!walked) found.add(walked.error());
    check_class_count(found, "deadline runqueue", dl["dl_nr_running"], entries);
    return found;
}

std::optional<ClassQueue> extensible_queue(const Kernel& kernel, const TaskIndex& tasks, const RunQueue& rq) {
    if (rq.rq.ok() && !rq.rq.has("scx")) return std::nullopt;
    const Object scx = rq.rq["scx"];
    const auto head = scx["runnable_list"].checked_address();
    const auto entity_at = kernel.types().offset_of("task_struct", "scx"),
               node_at = kernel.types().offset_of("sched_ext_entity", "runnable_node");
    for (const auto* part : {&head, &entity_at, &node_at})
        if (!*part) return unreadable(part->error());
    ClassQueue found;
    found.queue = scx.address();
    found.address = *head;
    std::uint64_t entries = 0;
    const auto walked = for_each_list_node(
        kernel.memory(), *head,
        [&](std::uint64_t node) {
            ++entries;
            add_task(found, tasks, rq, node - *node_at - *entity_at);
            return true;
        },
        most_in_class);
    if (!walked) found.add(walked.error());
    check_class_count(found, "extensible runqueue", scx["nr_running"], entries);
    return found;
}

std::optional<ClassQueue> stop_queue(const Kernel& kernel, const TaskIndex& tasks, const RunQueue& rq) {
    if (rq.rq.ok() && !rq.rq.has("stop")) return std::nullopt;
    const auto stopper = rq.rq["stop"].u64();
    if (!stopper) return unreadable(stopper.error());
    if (*stopper == 0 || *stopper == rq.current) return std::nullopt;
    const Object task = kernel.object("task_struct", *stopper);
    const auto on_rq = (task.has("on_rq") ? task["on_rq"] : task.path("se.on_rq")).u64();
    if (!on_rq) return unreadable(on_rq.error());
    if (*on_rq == 0) return std::nullopt;
    ClassQueue found;
    found.address = *stopper;
    add_task(found, tasks, rq, *stopper);
    return found;
}

}  // namespace postmortem
