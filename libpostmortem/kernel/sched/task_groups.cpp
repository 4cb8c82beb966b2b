#include "kernel/sched/task_groups.h"

#include "kernel/lists.h"
#include "kernel/percpu.h"

namespace postmortem {
namespace {

constexpr std::size_t most_groups = 1u << 16;
constexpr unsigned deepest_group = 128;

}  // namespace

TaskGroups::TaskGroups(const Kernel& kernel) : kernel_(kernel) {
    // No such struct: CONFIG_CGROUP_SCHED=n.
    const auto layout = kernel.types().find_struct("task_group");
    if (!layout && layout.error().code == ErrorCode::NotFound) return;
    auto root = kernel.symbol("root_task_group");
    // Both were there until 2.6.38: then root_task_group was a part of CONFIG_USER_SCHED.
    if (const auto old = kernel.symbol("init_task_group")) {
        root = *old;
        has_old_name_ = true;
    }
    if (!layout || !root) {
        problems_.push_back(layout ? root.error() : layout.error());
        return;
    }
    add(*root);
    read_children(0, 0);
}

bool TaskGroups::add(std::uint64_t address) {
    if (groups_.size() >= most_groups || !index_.emplace(address, groups_.size()).second) return false;
    groups_.push_back({address, {}});
    return true;
}

std::optional<std::size_t> TaskGroups::index_of(std::uint64_t address) const {
    const auto found = index_.find(address);
    return found == index_.end() ? std::nullopt : std::optional(found->second);
}

void TaskGroups::read_children(std::size_t parent, unsigned depth) {
    const auto head = kernel_.object("task_group", groups_[parent].address)["children"].checked_address();
    const auto link = kernel_.types().offset_of("task_group", "siblings");
    if (!head || !link) {
        problems_.push_back(head ? link.error() : head.error());
        return;
    }
    if (depth >= deepest_group) {
        problems_.push_back({ErrorCode::Corrupt, "task groups are nested without end", *head});
        return;
    }
    const std::size_t first = groups_.size();
    bool distinct = true;
    const auto walked = for_each_list_node(kernel_.memory(), *head, [&](std::uint64_t node) {
        distinct = add(node - *link);
        if (distinct) groups_[parent].children.push_back(groups_.size() - 1);
        return distinct;
    });
    if (!walked) problems_.push_back(walked.error());
    if (!distinct)
        problems_.push_back({ErrorCode::Corrupt, "the tree of task groups is too large, or no tree", *head});
    const std::size_t last = groups_.size();
    for (std::size_t child = first; child < last; ++child) read_children(child, depth + 1);
}

bool TaskGroups::have(std::string_view queues) const {
    return !groups_.empty() && kernel_.object("task_group", groups_.front().address).has(queues);
}

Result<std::uint64_t> TaskGroups::queue_of(const TaskGroup& group, std::string_view queues,
                                           std::uint32_t cpu) const {
    const Object member = kernel_.object("task_group", group.address)[queues];
    const auto table = member.u64();
    if (!table) return table;
    // An array of pointers; since 7.x a per-CPU variable.
    const bool is_array = kernel_.types().get(member.type().target).kind == TypeKind::Pointer;
    if (!is_array) return per_cpu_address(kernel_, *table, cpu);
    const std::uint64_t word = kernel_.memory().word_size();
    return kernel_.memory().word(*table + word * cpu);
}

}  // namespace postmortem
