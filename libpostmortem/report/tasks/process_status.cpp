#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include <postmortem/crash_dump.h>
#include <postmortem/process_status.h>

#include "base/problem_collector.h"
#include "kernel/mm/user_space.h"
#include "kernel/percpu.h"
#include "kernel/sched/clock.h"
#include "kernel/sched/policies.h"
#include "kernel/sched/task_accounts.h"
#include "report/tasks/chosen_tasks.h"
#include "report/tasks/task_list.h"
#include "report/tasks/task_mention.h"

namespace postmortem {
namespace {

constexpr std::size_t most_ancestors = 4096;

class ProcessDetailMaker {
  public:
    ProcessDetailMaker(const Kernel& kernel, const TaskTable& table, const ProcessRequest& request)
        : kernel_(kernel), table_(table), request_(request), accounts_(kernel) {
        for (const Task& task : table.tasks) {
            by_address_[task.address] = &task;
            children_[task.parent].push_back(&task);
            groups_[task.tgid].push_back(&task);
        }
        if (request.part == ProcessRequest::Part::Times) find_uptime();
    }

    ProcessDetails make(const Task& task, TaskInfo info) {
        ProcessDetails made;
        made.task = std::move(info);
        if (request_.stack_pointers && !task.active) made.stack_pointer = task.saved_sp;
        switch (request_.part) {
            case ProcessRequest::Part::None: break;
            case ProcessRequest::Part::Ancestors: add_ancestors(made, task); break;
            case ProcessRequest::Part::Children: add_mentions(made.children, children_[task.address]); break;
            case ProcessRequest::Part::Group: add_group(made, task); break;
            case ProcessRequest::Part::Times: add_times(made, task); break;
            case ProcessRequest::Part::LastRun: add_last_run(made, task); break;
            case ProcessRequest::Part::Strings: add_strings(made, task); break;
            case ProcessRequest::Part::Limits: add_limits(made, task); break;
            case ProcessRequest::Part::Policy: add_policy(made, task); break;
        }
        return made;
    }

    /// When the last task came to its CPU.
    std::optional<std::uint64_t> latest_run() const {
        std::optional<std::uint64_t> latest;
        for (const Task& task : table_.tasks)
            if (const auto run = accounts_.last_run(task)) latest = std::max(latest.value_or(0), *run);
        return latest;
    }

    Problems take_problems() { return problems_.take(); }

  private:
    // The value, or a problem in its place.
    template <class T>
    std::optional<T> value(std::string_view what, const Task& task, Result<T> result) {
        if (result) return std::move(*result);
        problems_.add(what, fmt::format("of pid {}", task.pid), result.error());
        return std::nullopt;
    }

    static void add_mentions(std::vector<TaskMention>& into, const std::vector<const Task*>& tasks) {
        for (const Task* task : tasks) into.push_back(mention(*task));
    }

    void find_uptime() {
        constexpr std::uint64_t ns_per_second = 1'000'000'000;
        if (const auto since_boot = time_since_boot(kernel_))
            uptime_seconds_ = *since_boot / ns_per_second;
        else
            problems_.add("the time since boot", since_boot.error());
    }

    void add_ancestors(ProcessDetails& made, const Task& task) {
        for (const Task* child = &task; made.ancestors.size() < most_ancestors;) {
            const auto parent = by_address_.find(child->parent);
            if (child->parent == child->address || parent == by_address_.end()) break;
            child = parent->second;
            made.ancestors.insert(made.ancestors.begin(), mention(*child));
        }
    }

    void add_group(ProcessDetails& made, const Task& task) {
        if (task.is_idle() && std::exchange(idle_group_shown_, true)) return;
        made.group.emplace();
        for (const Task* thread : groups_[task.tgid])
            if (thread != &task) made.group->push_back(mention(*thread));
    }

    void add_times(ProcessDetails& made, const Task& task) {
        const auto times = value("the times", task, accounts_.times(task));
        if (!times) return;
        made.start_time = times->start;
        made.user_time = times->user;
        made.system_time = times->system;
        if (uptime_seconds_)
            made.run_seconds = *uptime_seconds_ - std::min(*uptime_seconds_, times->start_seconds);
    }

    void add_last_run(ProcessDetails& made, const Task& task) {
        made.last_run_ns = value("when it last ran", task, accounts_.last_run(task));
        if (!task.cpu) return;
        const auto known = clocks_.find(*task.cpu);
        if (known != clocks_.end()) {
            made.runqueue_clock_ns = known->second;
            return;
        }
        const auto clock = per_cpu_variable(kernel_, "runqueues", "rq", *task.cpu)["clock"].u64();
        if (!clock) problems_.add("the clock", fmt::format("of CPU {}", *task.cpu), clock.error());
        made.runqueue_clock_ns = clocks_[*task.cpu] = clock ? std::optional(*clock) : std::nullopt;
    }

    void add_policy(ProcessDetails& made, const Task& task) {
        if (const auto policy = value("the scheduling policy", task, accounts_.policy(task)))
            made.policy = policy_name(*policy);
        made.priority = value("the priority", task, accounts_.priority(task));
    }

    void add_limits(ProcessDetails& made, const Task& task) {
        if (const auto limits = value("the limits", task, accounts_.limits(task)))
            for (const ResourceLimit& limit : *limits)
                made.limits.push_back({std::string(limit.name), limit.current, limit.maximum});
    }

    void add_strings(ProcessDetails& made, const Task& task) {
        made.has_user_memory = task.mm != 0;
        if (!made.has_user_memory) return;
        const auto space = user_space(kernel_, task.mm);
        if (!space) {
            made.strings_are_located = space.error().code != ErrorCode::MissingDebugInfo;
            return problems_.add("user memory", fmt::format("of pid {}", task.pid), space.error());
        }
        made.arguments = take(made, "the arguments", task, read_arguments(kernel_, **space, task.mm));
        if (!made.arguments) return;
        made.environment = take(made, "the environment", task, read_environment(kernel_, **space, task.mm));
    }

    std::optional<ProcessStrings> take(ProcessDetails& made, std::string_view what, const Task& task,
                                       Result<UserStrings> strings) {
        if (strings) return ProcessStrings{std::move(strings->strings), strings->last_is_whole};
        made.unreadable_address = strings.error().address;
        made.strings_are_located = strings.error().code != ErrorCode::MissingDebugInfo;
        problems_.add(what, fmt::format("of pid {}", task.pid), strings.error());
        return std::nullopt;
    }

    const Kernel& kernel_;
    const TaskTable& table_;
    const ProcessRequest& request_;
    TaskAccountReader accounts_;
    std::unordered_map<std::uint64_t, const Task*> by_address_;
    std::unordered_map<std::uint64_t, std::vector<const Task*>> children_;
    std::unordered_map<std::int32_t, std::vector<const Task*>> groups_;
    std::unordered_map<std::uint32_t, std::optional<std::uint64_t>> clocks_;
    std::optional<std::uint64_t> uptime_seconds_;
    bool idle_group_shown_ = false;
    ProblemCollector problems_;
};

// As crash sorts: what came to a CPU last goes first; of all tasks the times are told in the order of their
// start.
void sort_as_crash_does(std::vector<ProcessDetails>& tasks, const ProcessRequest& request) {
    if (request.part == ProcessRequest::Part::LastRun)
        std::stable_sort(tasks.begin(), tasks.end(), [](const auto& a, const auto& b) {
            return a.last_run_ns.value_or(0) > b.last_run_ns.value_or(0);
        });
    if (request.part == ProcessRequest::Part::Times && request.which.selectors.empty())
        std::stable_sort(tasks.begin(), tasks.end(), [](const auto& a, const auto& b) {
            return a.start_time.value_or(0) < b.start_time.value_or(0);
        });
}

}  // namespace

Result<ProcessStatus> process_status(const CrashDump& dump, const ProcessRequest& request) {
    const Kernel& kernel = dump.kernel();
    const TaskTable table =
        read_tasks(kernel, request.stack_pointers ? TaskParts::ForUnwinding : TaskParts::Identity);
    TaskChoice which = request.which;
    // As crash has it, the group of each task that is named.
    if (request.part == ProcessRequest::Part::Group) which.group_leaders = which.for_each_thread = true;
    auto list = make_task_list(kernel, table, which);
    if (!list) return fail(std::move(list.error()));
    ProcessStatus status;
    ProcessDetailMaker maker(kernel, table, request);
    for (TaskInfo& info : list->tasks)
        if (const Task* task = table.by_address(info.task))
            status.tasks.push_back(maker.make(*task, std::move(info)));
    if (request.part == ProcessRequest::Part::LastRun) status.latest_run_ns = maker.latest_run();
    sort_as_crash_does(status.tasks, request);
    status.problems = std::move(list->problems);
    for (Error& problem : maker.take_problems()) status.problems.push_back(std::move(problem));
    return status;
}

Result<TaskMentions> chosen_tasks(const CrashDump& dump, const TaskChoice& choice) {
    const TaskTable table = read_tasks(dump.kernel());
    auto chosen = choose_tasks(dump.kernel(), table, choice);
    if (!chosen) return fail(std::move(chosen.error()));
    TaskMentions made;
    for (const Task* task : chosen->tasks) made.tasks.push_back(mention(*task));
    made.problems = table.problems;
    for (Error& problem : chosen->problems) made.problems.push_back(std::move(problem));
    return made;
}

Result<TaskList> chosen_task_list(const CrashDump& dump, const TaskChoice& choice) {
    return make_task_list(dump.kernel(), read_tasks(dump.kernel()), choice);
}

}  // namespace postmortem
