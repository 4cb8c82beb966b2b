#include "kernel/tasks.h"

#include <algorithm>
#include <unordered_set>

#include <fmt/format.h>

#include "kernel/lists.h"
#include "kernel/percpu.h"
#include "kernel/xarray.h"

namespace postmortem {
namespace {

constexpr std::uint64_t pf_kthread = 0x00200000;
constexpr std::size_t comm_length = 16;

/// Collects tasks from several sources, each task once.
class Collector {
  public:
    explicit Collector(const Kernel& kernel) : kernel_(kernel) {}

    TaskTable run() {
        add_idle_tasks();
        add_from_pid_namespace();
        add_from_lists();
        mark_active();
        std::stable_sort(table_.tasks.begin(), table_.tasks.end(), [](const Task& a, const Task& b) {
            if (a.is_idle() != b.is_idle()) return a.is_idle();
            return a.is_idle() ? a.cpu < b.cpu : a.pid < b.pid;
        });
        return std::move(table_);
    }

  private:
    void problem(const Error& error, std::string_view what) {
        table_.problems.emplace_back(error.code, fmt::format("{}: {}", what, error.message), error.address);
    }

    bool add(std::uint64_t address) {
        if (!seen_.insert(address).second) return false;
        auto task = read_task(kernel_, address);
        if (!task) {
            problem(task.error(), fmt::format("the task at {:#x} cannot be read", address));
            return false;
        }
        table_.tasks.push_back(std::move(*task));
        return true;
    }

    // Idle tasks share pid 0 and are in no list but their runqueue's.
    void add_idle_tasks() {
        const auto cpus = cpu_limit(kernel_);
        if (!cpus) return problem(cpus.error(), "idle tasks");
        for (std::uint32_t cpu = 0; cpu < *cpus; ++cpu) {
            const Object runqueue = per_cpu_variable(kernel_, "runqueues", "rq", cpu);
            const auto idle = runqueue["idle"].u64();
            const auto current = runqueue["curr"].u64();
            if (!idle || !current) {
                problem(idle ? current.error() : idle.error(), fmt::format("the runqueue of CPU {}", cpu));
                if (!idle) continue;
            }
            // A possible CPU that never came up has no idle task.
            if (*idle != 0) add(*idle);
            if (current && *current != 0) active_.insert(*current);
        }
    }

    void add_from_pid_namespace() {
        const Object idr = kernel_.variable("init_pid_ns", "pid_namespace")["idr"]["idr_rt"];
        const auto first_task = kernel_.types().offset_of("pid", "tasks");
        const auto link = pid_link_offset();
        if (!idr.ok()) return problem(*idr.error(), "the pid namespace's IDR");
        if (!first_task) return problem(first_task.error(), "struct pid");
        if (!link) return problem(link.error(), "struct task_struct");
        for_each_xarray_entry(
            idr,
            [&](std::uint64_t pid, std::uint64_t entry) {
                const auto node = kernel_.memory().u64(entry + *first_task);
                if (!node) {
                    problem(node.error(), fmt::format("the struct pid of pid {} at {:#x}", pid, entry));
                } else if (*node != 0) {  // a pid may outlive its task as a session or group id
                    add(*node - *link);
                }
                return true;
            },
            [&](Error error) { problem(error, "the pid namespace's IDR"); });
    }

    // task->pid_links[PIDTYPE_PID] (4.19, 2c4704756cab), before that task->pids[PIDTYPE_PID].node.
    Result<std::uint64_t> pid_link_offset() const {
        auto links = kernel_.types().offset_of("task_struct", "pid_links");
        return links ? links : kernel_.types().offset_of("task_struct", "pids");
    }

    // The second source: what a damaged IDR lost is found here, and the other way round.
    void add_from_lists() {
        const auto init_task = kernel_.symbol("init_task");
        const auto leaders = kernel_.types().offset_of("task_struct", "tasks");
        if (!init_task || !leaders)
            return problem(init_task ? leaders.error() : init_task.error(), "the list of processes");
        std::size_t only_here = 0;
        const auto visit = [&](std::uint64_t node) {
            const std::uint64_t leader = node - *leaders;
            only_here += add(leader);
            only_here += add_threads(leader);
            return true;
        };
        auto walked = for_each_list_node(kernel_.memory(), *init_task + *leaders, visit);
        if (!walked) {
            problem(walked.error(), "the list of processes");
            walked = for_each_list_node_backwards(kernel_.memory(), *init_task + *leaders, visit);
        }
        if (only_here > 0 && pid_namespace_whole())
            table_.problems.emplace_back(
                ErrorCode::Corrupt,
                fmt::format("{} tasks are in the process list and not in the pid table", only_here));
    }

    bool pid_namespace_whole() const { return table_.problems.empty(); }

    std::size_t add_threads(std::uint64_t leader) {
        const auto node_offset = kernel_.types().offset_of("task_struct", "thread_node");
        const Object head = kernel_.object("task_struct", leader)["signal"]["thread_head"];
        if (!node_offset || !head.ok()) return 0;
        std::size_t added = 0;
        const auto walked = for_each_list_node(kernel_.memory(), head.address(), [&](std::uint64_t node) {
            added += add(node - *node_offset);
            return true;
        });
        if (!walked) problem(walked.error(), fmt::format("the threads of the task at {:#x}", leader));
        return added;
    }

    void mark_active() {
        for (const std::uint64_t address : active_) add(address);
        for (Task& task : table_.tasks) task.active = active_.contains(task.address);
    }

    const Kernel& kernel_;
    TaskTable table_;
    std::unordered_set<std::uint64_t> seen_;
    std::unordered_set<std::uint64_t> active_;
};

}  // namespace

bool Task::is_kernel_thread() const {
    return (flags & pf_kthread) != 0 || is_idle();
}

const Task* TaskTable::by_address(std::uint64_t address) const {
    const auto at =
        std::find_if(tasks.begin(), tasks.end(), [&](const Task& t) { return t.address == address; });
    return at == tasks.end() ? nullptr : &*at;
}

const Task* TaskTable::by_pid(std::int32_t pid) const {
    const auto at = std::find_if(tasks.begin(), tasks.end(), [&](const Task& t) { return t.pid == pid; });
    return at == tasks.end() ? nullptr : &*at;
}

Result<Task> read_task(const Kernel& kernel, std::uint64_t address) {
    const Object object = kernel.object("task_struct", address);
    const auto pid = object["pid"].i64(), tgid = object["tgid"].i64();
    if (!pid) return fail(pid.error());
    if (!tgid) return fail(tgid.error());
    // __state since 5.14 (2f064a59a11f). exit_state is a 4-byte int beside it.
    const auto state = object.first_of({"__state", "state"}).u64();
    if (!state) return fail(state.error());
    auto comm = kernel.memory().c_string(object["comm"].address(), comm_length);
    if (object["comm"].error()) return fail(*object["comm"].error());
    if (!comm) return fail(std::move(comm.error()));

    Task task;
    task.address = address;
    task.pid = static_cast<std::int32_t>(*pid);
    task.tgid = static_cast<std::int32_t>(*tgid);
    task.comm = std::move(*comm);
    task.state = (*state & 0xffffffff) | (object["exit_state"].u64_or(0) & 0xffffffff);
    task.flags = object["flags"].u64_or(0);
    task.mm = object["mm"].u64_or(0);
    task.parent = object["parent"].u64_or(0);
    task.stack = object["stack"].u64_or(0);
    // task->cpu until 5.15, then thread_info.cpu (bcf9033e5449).
    const Object cpu = object.has("cpu") ? object["cpu"] : object["thread_info"]["cpu"];
    task.cpu = static_cast<std::uint32_t>(cpu.u64_or(0));
    return task;
}

TaskTable read_tasks(const Kernel& kernel) {
    return Collector(kernel).run();
}

Result<std::uint64_t> current_task(const Kernel& kernel, std::uint32_t cpu) {
    return per_cpu_variable(kernel, "runqueues", "rq", cpu)["curr"].u64();
}

Result<std::uint32_t> crashed_cpu(const Kernel& kernel) {
    // Both are -1 until a CPU panics; panic_cpu is an atomic_t.
    for (const char* name : {"crashing_cpu", "panic_cpu"}) {
        const auto cpu = kernel.number<std::int32_t>(name);
        if (cpu && *cpu >= 0) return static_cast<std::uint32_t>(*cpu);
    }
    if (const auto cpu = kernel.dump().info().crashed_cpu) return *cpu;
    return fail(ErrorCode::NotFound, "no CPU had panicked when the dump was taken");
}

// include/linux/sched.h since 4.14 (the numbers before differ from TASK_DEAD upwards only).
std::string_view state_letters(std::uint64_t state) {
    constexpr std::uint64_t interruptible = 0x1, uninterruptible = 0x2, stopped = 0x4, traced = 0x8;
    constexpr std::uint64_t exit_dead = 0x10, exit_zombie = 0x20, parked = 0x40, dead = 0x80;
    constexpr std::uint64_t waking = 0x200, no_load = 0x400, is_new = 0x800;
    if (state == 0) return "RU";
    if (state & exit_zombie) return "ZO";
    if (state & (exit_dead | dead)) return "DE";
    if (state & interruptible) return "IN";
    if (state & uninterruptible) return state & no_load ? "ID" : "UN";
    if (state & stopped) return "ST";
    if (state & traced) return "TR";
    if (state & parked) return "PA";
    if (state & waking) return "WA";
    if (state & is_new) return "NE";
    return "??";
}

}  // namespace postmortem
