#include "report/tasks/chosen_tasks.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>

#include "base/problem_collector.h"
#include "base/text.h"
#include "kernel/cpus.h"
#include "kernel/sched/policies.h"

namespace postmortem {
namespace {

constexpr std::string_view known_states[] = {"RU", "IN", "UN", "ID", "ST", "TR",
                                             "ZO", "DE", "SW", "WA", "PA", "NE"};

class Choice {
  public:
    Choice(const Kernel& kernel, const TaskTable& table, const TaskChoice& choice)
        : kernel_(kernel), table_(table), choice_(choice), cpus_(choice.cpus.begin(), choice.cpus.end()) {}

    Result<void> check() {
        if (!choice_.state.empty() && std::find(std::begin(known_states), std::end(known_states),
                                                choice_.state) == std::end(known_states))
            return fail(ErrorCode::InvalidArgument,
                        fmt::format("'{}' is no state of a task", escaped(choice_.state)));
        if (auto checked = check_cpus(); !checked) return checked;
        for (const std::string& word : choice_.policies) {
            const auto policy = scheduling_policy(word);
            if (!policy || !kernel_has_policy(kernel_.types(), *policy))
                return fail(ErrorCode::InvalidArgument,
                            fmt::format("'{}' is no scheduling policy", escaped(word)));
            policies_.insert(*policy);
        }
        if (policies_.empty()) return {};
        const auto field = Field::find(kernel_.types(), "task_struct", {"policy"});
        if (!field) return fail(field.error());
        policy_ = *field;
        return {};
    }

    bool holds(const Task& task) {
        if (choice_.kind == TaskChoice::Kind::Kernel && !task.is_kernel_thread()) return false;
        if (choice_.kind == TaskChoice::Kind::User && task.is_kernel_thread()) return false;
        if (choice_.active && !task.active) return false;
        if (choice_.without_idle && task.is_idle()) return false;
        if (!choice_.state.empty() && task.state_letters != choice_.state) return false;
        if (!cpus_.empty() && !(task.cpu && cpus_.contains(*task.cpu))) return false;
        return policies_.empty() || has_policy(task);
    }

    Problems take_problems() { return problems_.take(); }

  private:
    // A CPU that was taken down may still be the one that a task ran on last.
    Result<void> check_cpus() const {
        if (choice_.cpus.empty()) return {};
        const auto running = read_running_cpus(kernel_);
        if (!running) return fail(running.error());
        std::unordered_set<std::uint32_t> known(running->begin(), running->end());
        for (const Task& task : table_.tasks)
            if (task.cpu) known.insert(*task.cpu);
        for (const std::uint32_t cpu : choice_.cpus)
            if (!known.contains(cpu))
                return fail(ErrorCode::InvalidArgument, fmt::format("the machine has no CPU {}", cpu));
        return {};
    }

    bool has_policy(const Task& task) {
        const auto policy = policy_.u64(kernel_.memory(), task.address);
        if (policy) return policies_.contains(plain_policy(*policy));
        problems_.add("the scheduling policy", fmt::format("of pid {}", task.pid), policy.error());
        return false;
    }

    const Kernel& kernel_;
    const TaskTable& table_;
    const TaskChoice& choice_;
    std::unordered_set<std::uint32_t> cpus_;
    std::unordered_set<std::uint64_t> policies_;
    Field policy_;
    ProblemCollector problems_;
};

// Each process once, or for each of these threads, by its first thread, in the order in which its threads
// come.
std::vector<const Task*> leaders_of(const TaskTable& table, const std::vector<const Task*>& tasks,
                                    bool for_each_thread) {
    std::unordered_map<std::int32_t, const Task*> leaders;
    for (const Task& task : table.tasks)
        if (task.is_group_leader()) leaders.emplace(task.pid, &task);
    std::unordered_set<const Task*> shown;
    std::vector<const Task*> chosen;
    for (const Task* task : tasks) {
        const auto leader = leaders.find(task->tgid);
        // Idle tasks share a pid and lead themselves.
        const Task* shown_task = task->is_group_leader()   ? task
                                 : leader != leaders.end() ? leader->second
                                                           : nullptr;
        if (shown_task && (shown.insert(shown_task).second || for_each_thread)) chosen.push_back(shown_task);
    }
    return chosen;
}

}  // namespace

Result<ChosenTasks> choose_tasks(const Kernel& kernel, const TaskTable& table, const TaskChoice& choice) {
    Choice conditions(kernel, table, choice);
    if (auto checked = conditions.check(); !checked) return fail(std::move(checked.error()));
    auto named = TaskSelectors::parse(table, choice.selectors);
    if (!named) return fail(std::move(named.error()));
    ChosenTasks chosen;
    for (const Task& task : table.tasks) {
        const bool is_named = choice.group_leaders ? named->match_process(task) : named->match(task);
        if (is_named && conditions.holds(task)) chosen.tasks.push_back(&task);
    }
    if (choice.group_leaders) {
        // Without a selector a thread stands for nobody but itself.
        if (choice.selectors.empty())
            std::erase_if(chosen.tasks, [](const Task* task) { return !task->is_group_leader(); });
        chosen.tasks = leaders_of(table, chosen.tasks, choice.for_each_thread);
    }
    chosen.problems = named->unmatched();
    for (Error& problem : conditions.take_problems()) chosen.problems.push_back(std::move(problem));
    return chosen;
}

}  // namespace postmortem
