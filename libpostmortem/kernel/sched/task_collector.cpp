// Finds every task from two sources that must agree: the pid namespace's IDR (since 4.15, 95846ecf9dac) and
// the lists that start at init_task. Each task_struct is read once, with its links: the lists are then
// followed in what was read.
#include <algorithm>
#include <deque>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>

#include "base/checked.h"
#include "base/parallel.h"
#include "base/problem_collector.h"
#include "kernel/cpus.h"
#include "kernel/percpu.h"
#include "kernel/sched/tasks.h"
#include "kernel/xarray.h"
#include "types/partial_types.h"

namespace postmortem {
namespace {

constexpr std::int32_t most_pids = 4 * 1024 * 1024;  // PID_MAX_LIMIT
constexpr std::uint64_t smallest_task = 1024;        // bytes: no kernel's task_struct is smaller
constexpr std::size_t tasks_per_piece = 64;

/// Pointers from one task to the next; 0 where they could not be read.
struct Links {
    std::uint64_t next_process = 0;
    std::uint64_t previous_process = 0;
    std::uint64_t next_thread = 0;
    std::uint64_t signal = 0;
    std::uint64_t first_thread = 0;  ///< of the thread group, for its leader
};

/// A task_struct that something led to, and what led to it: each source tells what the task must look like.
struct Found {
    std::uint64_t address = 0;
    Result<Task> task = fail(Error());
    Links links;
    bool idle = false, in_process_list = false;
    std::vector<std::uint32_t> run_by;      ///< CPUs
    std::optional<std::uint32_t> runqueue;  ///< the CPU that idles in it, or runs it
    std::optional<std::int32_t> pid_in_table;
    std::optional<std::int32_t> thread_group;  ///< whose list of threads it is in
    unsigned walks = 0;                        ///< a bit for each walk that has met it

    bool is_running() const { return !run_by.empty(); }
    bool is_task() const {
        const std::int32_t pid = task->pid, tgid = task->tgid;
        if (pid < 0 || pid > most_pids || tgid < 0 || tgid > most_pids) return false;
        return (idle && pid == 0 && !task->comm.empty()) || (is_running() && pid > 0) ||
               pid_in_table == pid || (pid > 0 && ((in_process_list && pid == tgid) || thread_group == tgid));
    }
};

/// Reads a task together with its links. Thread-safe.
class LinkedTaskReader {
  public:
    LinkedTaskReader(const Kernel& kernel, TaskParts parts)
        : memory_(kernel.memory()), tasks_(kernel, parts) {
        const auto find = [&](std::string_view type, std::initializer_list<std::string_view> paths) {
            return Field::find(kernel.types(), type, paths).value_or(Field());
        };
        next_process = find("task_struct", {"tasks.next"});
        previous_process = find("task_struct", {"tasks.prev"});
        signal = find("task_struct", {"signal"});
        // signal_struct.thread_head since 3.14 (0c740d0afc3b); before, the leader's own link is the head.
        first_thread = find("signal_struct", {"thread_head.next"});
        next_thread = first_thread.present() ? find("task_struct", {"thread_node.next"})
                                             : find("task_struct", {"thread_group.next"});
    }

    const Problems& missing() const { return tasks_.missing(); }

    void read(Found& found, MemoryWindow& window) const {
        found.task = tasks_.read(found.address, window);
        if (!found.task) return;
        // Where a task runs its runqueue knows best.
        if (found.runqueue) found.task->cpu = found.runqueue;
        const auto link = [&](const Field& field) { return field.u64(window, found.address).value_or(0); };
        found.links.next_process = link(next_process);
        found.links.previous_process = link(previous_process);
        found.links.next_thread = link(next_thread);
        found.links.signal = link(signal);
        if (found.task->is_group_leader() && found.links.signal != 0)
            found.links.first_thread = first_thread.u64_or(memory_, found.links.signal, 0);
    }

    Field next_process, previous_process, next_thread, signal, first_thread;

  private:
    const AddressSpace& memory_;
    TaskReader tasks_;
};

class Collector {
  public:
    Collector(const Kernel& kernel, TaskParts parts)
        : kernel_(kernel), memory_(kernel.memory()), reader_(kernel, parts) {
        const std::uint64_t frames = kernel.dump().info().max_pfn;
        const auto bytes = checked_mul(frames, std::uint64_t{kernel.dump().page_size()});
        most_tasks_ = static_cast<std::size_t>(
            std::min<std::uint64_t>(bytes.value_or(~0ull) / smallest_task, most_pids) + 1);
    }

    TaskTable run() {
        if (are_partial(kernel_.types())) problems_.add(*kernel_.types().damage());
        collect_idle_tasks();
        collect_from_pid_namespace();
        read_found();
        follow_process_list();
        compare_sources();
        for (const Error& missing : reader_.missing()) problems_.add("struct task_struct", missing);
        std::vector<Found*> accepted;
        accepted.reserve(found_.size());
        for (Found& found : found_) {
            if (accept(found))
                accepted.push_back(&found);
            else
                lose_queues_of(found);
        }
        std::stable_sort(accepted.begin(), accepted.end(), [](const Found* a, const Found* b) {
            if (a->task->is_idle() != b->task->is_idle()) return a->task->is_idle();
            return a->task->is_idle() ? a->task->cpu < b->task->cpu : a->task->pid < b->task->pid;
        });
        TaskTable table;
        table.tasks.reserve(accepted.size());
        for (Found* found : accepted) {
            table.tasks.push_back(std::move(*found->task));
            table.tasks.back().active = found->is_running();
            table.tasks.back().may_be_active = !found->is_running() && may_run(table.tasks.back());
        }
        table.problems = problems_.take();
        return table;
    }

  private:
    void lose_queues_of(const Found& found) {
        const Error no_task(ErrorCode::Corrupt, "what it says to run is no task", found.address);
        for (const std::uint32_t cpu : found.run_by) {
            lost_queues_.push_back(cpu);
            problems_.add("the runqueue", fmt::format("of CPU {}", cpu),
                          found.task ? no_task : found.task.error());
        }
    }

    /// Whether it may have been what a CPU was running of which that cannot be read.
    bool may_run(const Task& task) const {
        if (all_queues_lost_) return true;
        if (!task.cpu) return !lost_queues_.empty();
        return std::find(lost_queues_.begin(), lost_queues_.end(), *task.cpu) != lost_queues_.end();
    }

    /// The entry for a task at `address`; null where no machine could hold so many.
    Found* found(std::uint64_t address) {
        const auto known = index_.find(address);
        if (known != index_.end()) return known->second;
        if (found_.size() >= most_tasks_) return nullptr;
        found_.emplace_back().address = address;
        return index_.emplace(address, &found_.back()).first->second;
    }

    /// The same, read now if nothing has led to it before.
    Found* followed(std::uint64_t address) {
        const std::size_t before = found_.size();
        Found* task = found(address);
        if (found_.size() > before) {
            MemoryWindow window(memory_);
            reader_.read(*task, window);
        }
        return task;
    }

    // Idle tasks share pid 0 and are in no list but their runqueue's. Every possible CPU has one from the
    // start (idle_threads_init()), and a runqueue that takes it for running: only that of a CPU that came up
    // counts.
    void collect_idle_tasks() {
        auto cpus = read_running_cpus(kernel_);
        if (!cpus) {
            problems_.add("idle tasks: which CPUs had come up", cpus.error());
            cpus = read_cpu_mask(kernel_, "possible");
        }
        if (!cpus) {
            all_queues_lost_ = true;
            return problems_.add("idle tasks", cpus.error());
        }
        for (const std::uint32_t cpu : *cpus) {
            const Object runqueue = per_cpu_variable(kernel_, "runqueues", "rq", cpu);
            const auto idle = runqueue["idle"].u64(), current = runqueue["curr"].u64();
            if (!idle || !current)
                problems_.add("the runqueue", fmt::format("of CPU {}", cpu),
                              idle ? current.error() : idle.error());
            if (!current) lost_queues_.push_back(cpu);
            if (Found* task = idle.value_or(0) != 0 ? found(*idle) : nullptr) {
                task->idle = true;
                task->runqueue = cpu;
            }
            if (Found* task = current.value_or(0) != 0 ? found(*current) : nullptr) {
                task->run_by.push_back(cpu);
                task->runqueue = cpu;
            }
        }
    }

    void collect_from_pid_namespace() {
        const auto first_task = Field::find(kernel_.types(), "pid", {"tasks"});
        // pid_links since 4.19 (2c4704756cab), before that pids[PIDTYPE_PID].node.
        const auto link = Field::find(kernel_.types(), "task_struct", {"pid_links", "pids"});
        // Inferred types stand on the lists.
        if (are_partial(kernel_.types())) return;
        const Object space = kernel_.variable("init_pid_ns", "pid_namespace");
        // Before 4.15 pids are hashed, and the lists are the only source that is read.
        if (space.ok() && !space.has("idr") && !kernel_.types().damage()) return;
        const Object idr = space["idr"]["idr_rt"];
        if (!idr.ok()) return problems_.add("the pid namespace's IDR", *idr.error());
        if (!first_task) return problems_.add("struct pid", first_task.error());
        if (!link) return problems_.add("struct task_struct", link.error());
        pid_table_whole_ = true;
        const auto broken = [&](const Error& error) {
            pid_table_whole_ = false;
            problems_.add("the pid namespace's IDR", error);
        };
        std::int32_t entries = 0;
        const auto visit = [&](std::uint64_t pid, std::uint64_t entry) {
            if (pid > most_pids || ++entries > most_pids) {
                broken({ErrorCode::Corrupt, "it holds more pids than any kernel gives out"});
                return false;
            }
            const auto node = memory_.word(first_task->address_in(entry));
            if (!node) {
                pid_table_whole_ = false;
                lost_pids_.emplace(static_cast<std::int32_t>(pid), node.error());
            } else if (*node != 0) {  // a pid may outlive its task as a session or group id
                Found* task = found(*node - link->offset());
                if (task) task->pid_in_table = static_cast<std::int32_t>(pid);
            }
            return true;
        };
        for_each_xarray_entry(idr, visit, broken);
    }

    // In the order of addresses: tasks share pages.
    void read_found() {
        std::vector<Found*> order;
        for (Found& found : found_) order.push_back(&found);
        std::sort(order.begin(), order.end(),
                  [](const Found* a, const Found* b) { return a->address < b->address; });
        parallel_for(order.size(), tasks_per_piece, [&](std::size_t first, std::size_t last) {
            MemoryWindow window(memory_);
            for (std::size_t i = first; i < last; ++i) reader_.read(*order[i], window);
        });
    }

    /// A link that was read with its task, or what kept it from being read.
    Result<std::uint64_t> link(const Found& from, std::uint64_t known, const Field& field) const {
        return known != 0 ? Result<std::uint64_t>(known) : field.u64(memory_, from.address);
    }

    void follow_process_list() {
        const auto init_task = kernel_.symbol("init_task");
        const auto links = kernel_.types().offset_of("task_struct", "tasks");
        if (!init_task || !links)
            return problems_.add("the list of processes", init_task ? links.error() : init_task.error());
        const auto forward = follow_processes(*init_task, reader_.next_process, &Links::next_process, 1);
        if (!forward) {
            problems_.add("the list of processes", forward.error());
            // The part behind the break is reached from the other end.
            const auto back =
                follow_processes(*init_task, reader_.previous_process, &Links::previous_process, 2);
            if (!back) problems_.add("the list of processes, backwards", back.error());
        }
    }

    /// Both of list_head's pointers lead to the list_head of another task.
    Result<void> follow_processes(std::uint64_t init_task, const Field& field, std::uint64_t Links::*known,
                                  unsigned walk) {
        const std::uint64_t head = reader_.next_process.address_in(init_task);
        auto node = field.u64(memory_, init_task);
        while (node && *node != head) {
            Found* task = nullptr;
            if (auto step = step_to(*node, reader_.next_process, walk); step) {
                task = *step;
            } else {
                return fail(std::move(step.error()));
            }
            if (!task->in_process_list) {
                task->in_process_list = true;
                if (task->task->is_group_leader()) follow_threads(*task);
            }
            node = link(*task, task->links.*known, field);
        }
        return node ? Result<void>() : fail(node.error());
    }

    /// The task whose `field` lies at `node`, on a walk that must not meet it twice.
    Result<Found*> step_to(std::uint64_t node, const Field& field, unsigned walk) {
        if (node == 0) return fail(ErrorCode::Corrupt, "it ends in a null pointer");
        const std::uint64_t address = node - field.offset();
        Found* task = followed(address);
        if (!task) return fail(ErrorCode::Corrupt, "it has more tasks than the memory could hold", address);
        if (task->walks & walk)
            return fail(ErrorCode::Corrupt, fmt::format("it leads back to the task at {:#x}", address),
                        address);
        task->walks |= walk;
        if (!task->task)
            return fail(
                task->task.error().code,
                fmt::format("it breaks at the task at {:#x}: {}", address, task->task.error().message),
                task->task.error().address);
        return task;
    }

    void follow_threads(const Found& leader) {
        constexpr unsigned walk = 4;
        if (!reader_.next_thread.present()) return;
        const bool has_head = reader_.first_thread.present();
        const auto signal = link(leader, leader.links.signal, reader_.signal);
        if (has_head && signal && *signal == 0) return;  // a task that is being released
        auto node = !has_head ? link(leader, leader.links.next_thread, reader_.next_thread)
                    : leader.links.first_thread != 0 ? Result<std::uint64_t>(leader.links.first_thread)
                    : signal                         ? reader_.first_thread.u64(memory_, *signal)
                                                     : signal;
        const std::uint64_t head = has_head ? reader_.first_thread.address_in(signal.value_or(0))
                                            : reader_.next_thread.address_in(leader.address);
        Result<Found*> thread = nullptr;
        while (node && *node != head) {
            thread = step_to(*node, reader_.next_thread, walk);
            if (!thread) break;
            (*thread)->thread_group = leader.task->tgid;
            node = link(**thread, (*thread)->links.next_thread, reader_.next_thread);
        }
        if (!node || !thread)
            problems_.add("the list of threads", fmt::format("of pid {}", leader.task->pid),
                          node ? thread.error() : node.error());
    }

    // A damaged table is made up for by the lists, and told only where it is not.
    void compare_sources() {
        std::unordered_set<std::int32_t> pids;
        std::size_t only_in_lists = 0;
        for (const Found& found : found_) {
            if (!found.task || !found.is_task()) continue;
            pids.insert(found.task->pid);
            if ((found.in_process_list || found.thread_group) && !found.pid_in_table) ++only_in_lists;
        }
        for (const auto& [pid, error] : lost_pids_)
            if (!pids.contains(pid)) problems_.add("the struct pid", fmt::format("of pid {}", pid), error);
        if (only_in_lists > 0 && pid_table_whole_)
            problems_.add({ErrorCode::Corrupt,
                           fmt::format("{} tasks are in the list of processes and not in the pid table",
                                       only_in_lists)});
    }

    bool accept(const Found& found) {
        if (!found.task) {
            problems_.add("a task", fmt::format("at {:#x}", found.address), found.task.error());
            return false;
        }
        if (!found.is_task()) {
            problems_.add("a task",
                          Error(ErrorCode::Corrupt, "something leads to what is none", found.address));
            return false;
        }
        if (found.task->damage)
            problems_.add("a part of a task", fmt::format("of pid {}", found.task->pid), *found.task->damage);
        return true;
    }

    const Kernel& kernel_;
    const AddressSpace& memory_;
    LinkedTaskReader reader_;
    std::size_t most_tasks_;
    std::vector<std::uint32_t> lost_queues_;  ///< CPUs of which it cannot be read what they were running
    bool all_queues_lost_ = false;
    std::deque<Found> found_;
    std::unordered_map<std::uint64_t, Found*> index_;
    std::map<std::int32_t, Error> lost_pids_;  ///< whose struct pid cannot be read
    bool pid_table_whole_ = false;
    ProblemCollector problems_;
};

}  // namespace

TaskTable read_tasks(const Kernel& kernel, TaskParts parts) {
    return Collector(kernel, parts).run();
}

}  // namespace postmortem
