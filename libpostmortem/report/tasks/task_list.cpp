#include "report/tasks/task_list.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/parallel.h"
#include "base/problem_collector.h"
#include "kernel/mm/numa.h"
#include "kernel/mm/task_memory.h"
#include "types/partial_types.h"

namespace postmortem {
namespace {

constexpr std::size_t tasks_at_once = 512;

class TaskListMaker {
  public:
    TaskListMaker(const Kernel& kernel, const TaskTable& table)
        : kernel_(kernel), memory_(kernel, table), page_kib_(kernel.dump().page_size() / bytes_per_kib) {
        for (const Task& task : table.tasks) pid_of_[task.address] = task.pid;
        // Of the memory that is present, as crash has it; ps(1) in the guest takes the share of MemTotal.
        if (const auto nodes = read_memory_nodes(kernel)) {
            for (const MemoryNode& node : *nodes) total_pages_ += node.present_pages;
        } else {
            problems_.add("the machine's memory, for %MEM", nodes.error());
        }
        if (!memory_.missing() || memory_.missing()->code != ErrorCode::MissingDebugInfo) return;
        knows_memory_ = false;
        problems_.add("the memory of the tasks (VSZ, RSS)", *memory_.missing());
    }

    /// One for each task, in their order. Read in the order of mm_structs, which share pages and tasks.
    std::vector<Result<TaskMemory>> memories(const std::vector<const Task*>& tasks) const {
        std::vector<std::size_t> order(tasks.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::stable_sort(order.begin(), order.end(),
                         [&](auto a, auto b) { return tasks[a]->mm < tasks[b]->mm; });
        std::vector<Result<TaskMemory>> results(tasks.size(), TaskMemory());
        parallel_for(order.size(), tasks_at_once, [&](std::size_t first, std::size_t last) {
            const Task* before = nullptr;
            for (std::size_t i = first; i < last; ++i) {
                const Task* task = tasks[order[i]];
                const bool same = before && before->mm == task->mm && before->tgid == task->tgid &&
                                  before->is_kernel_thread() == task->is_kernel_thread();
                results[order[i]] = same ? results[order[i - 1]] : memory_.read(*task);
                before = task;
            }
        });
        return results;
    }

    TaskInfo info(const Task& task, const Result<TaskMemory>& memory) {
        TaskInfo info;
        info.pid = task.pid;
        info.tgid = task.tgid;
        info.ppid = parent_pid(task);
        info.cpu = task.cpu;
        info.task = task.address;
        info.address_digits = task.address_digits;
        info.state = task.state_letters;
        info.state_bits = task.state;
        info.comm = task.comm;
        info.kernel_thread = task.is_kernel_thread();
        if (!task.may_be_active) info.active = task.active;
        if (!memory) {
            if (knows_memory_)
                problems_.add("the memory", fmt::format("of pid {}", task.pid), memory.error());
            return info;
        }
        info.vsz_kib = memory->total_vm * page_kib_;
        if (memory->lacks_threads) {
            problems_.add("the RSS", fmt::format("of pid {}", task.pid), memory->lacking());
            return info;
        }
        info.rss_kib = memory->rss() * page_kib_;
        if (total_pages_ > 0)
            info.mem_percent = 100.0 * static_cast<double>(memory->rss()) / static_cast<double>(total_pages_);
        return info;
    }

    Problems take_problems() { return problems_.take(); }

  private:
    std::optional<std::int32_t> parent_pid(const Task& task) {
        if (const auto known = pid_of_.find(task.parent); known != pid_of_.end()) return known->second;
        auto pid = kernel_.object("task_struct", task.parent)["pid"].i64();
        if (pid) return static_cast<std::int32_t>(*pid);
        problems_.add("the parent", fmt::format("of pid {}", task.pid), pid.error());
        return std::nullopt;
    }

    const Kernel& kernel_;
    TaskMemoryReader memory_;
    std::uint64_t page_kib_;
    std::uint64_t total_pages_ = 0;
    bool knows_memory_ = true;  ///< that of processes, as far as it can be read
    std::unordered_map<std::uint64_t, std::int32_t> pid_of_;
    ProblemCollector problems_;
};

}  // namespace

TaskInfo make_task_info(const Kernel& kernel, const TaskTable& table, const Task& task, Problems& problems) {
    TaskListMaker maker(kernel, table);
    TaskInfo info = maker.info(task, maker.memories({&task}).front());
    for (Error& problem : maker.take_problems()) problems.push_back(std::move(problem));
    return info;
}

namespace {

TaskList list_of(const Kernel& kernel, const TaskTable& table, const std::vector<const Task*>& selected) {
    TaskList list;
    list.problems = table.problems;
    if (auto damage = kernel.types().damage(); damage && !are_partial(kernel.types()))
        list.problems.push_back(std::move(*damage));
    TaskListMaker maker(kernel, table);
    list.tasks.reserve(selected.size());
    const auto memories = maker.memories(selected);
    for (std::size_t i = 0; i < selected.size(); ++i)
        list.tasks.push_back(maker.info(*selected[i], memories[i]));
    for (Error& problem : maker.take_problems()) list.problems.push_back(std::move(problem));
    return list;
}

}  // namespace

Result<TaskList> make_task_list(const Kernel& kernel, const TaskTable& table, const TaskChoice& choice) {
    auto chosen = choose_tasks(kernel, table, choice);
    if (!chosen) return fail(std::move(chosen.error()));
    TaskList list = list_of(kernel, table, chosen->tasks);
    for (Error& problem : chosen->problems) list.problems.push_back(std::move(problem));
    return list;
}

Result<TaskList> make_task_list(const Kernel& kernel, const std::vector<std::string>& selectors) {
    const TaskTable table = read_tasks(kernel);
    auto selected = select_tasks(table, selectors);
    // A table with holes may lack the very task that is asked for.
    if (!selected && table.problems.empty()) return fail(std::move(selected.error()));
    if (selected) return list_of(kernel, table, *selected);
    TaskList list;
    list.problems = table.problems;
    list.problems.push_back(std::move(selected.error()));
    return list;
}

}  // namespace postmortem
