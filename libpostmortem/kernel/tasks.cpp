#include "kernel/tasks.h"

#include <algorithm>
#include <unordered_set>

#include <fmt/format.h>

#include "base/parallel.h"
#include "base/problem_collector.h"
#include "kernel/lists.h"
#include "kernel/percpu.h"
#include "kernel/xarray.h"

namespace postmortem {
namespace {

constexpr std::uint64_t pf_kthread = 0x00200000;
constexpr std::size_t comm_length = 16;

/// Collects the addresses of tasks from several sources, each once, then reads them all.
class Collector {
  public:
    explicit Collector(const Kernel& kernel) : kernel_(kernel), memory_(kernel.memory()) {}

    TaskTable run() {
        collect_idle_tasks();
        collect_from_pid_namespace();
        collect_from_lists();
        read_all();
        table_.problems = problems_.take();
        std::stable_sort(table_.tasks.begin(), table_.tasks.end(), [](const Task& a, const Task& b) {
            if (a.is_idle() != b.is_idle()) return a.is_idle();
            return a.is_idle() ? a.cpu < b.cpu : a.pid < b.pid;
        });
        return std::move(table_);
    }

  private:
    bool found(std::uint64_t address) {
        if (!seen_.insert(address).second) return false;
        addresses_.push_back(address);
        return true;
    }

    // Idle tasks share pid 0 and are in no list but their runqueue's.
    void collect_idle_tasks() {
        const auto cpus = cpu_limit(kernel_);
        if (!cpus) return problems_.add("idle tasks", cpus.error());
        for (std::uint32_t cpu = 0; cpu < *cpus; ++cpu) {
            const Object runqueue = per_cpu_variable(kernel_, "runqueues", "rq", cpu);
            const auto idle = runqueue["idle"].u64();
            const auto current = runqueue["curr"].u64();
            if (!idle || !current) {
                problems_.add("the runqueue", fmt::format("of CPU {}", cpu),
                              idle ? current.error() : idle.error());
                if (!idle) continue;
            }
            // A possible CPU that never came up has no idle task.
            if (*idle != 0) found(*idle);
            if (current && *current != 0) active_.insert(*current);
        }
    }

    void collect_from_pid_namespace() {
        const Object idr = kernel_.variable("init_pid_ns", "pid_namespace")["idr"]["idr_rt"];
        const auto first_task = Field::find(kernel_.types(), "pid", {"tasks"});
        // pid_links since 4.19 (2c4704756cab), before that pids[PIDTYPE_PID].node.
        const auto link = Field::find(kernel_.types(), "task_struct", {"pid_links", "pids"});
        if (!idr.ok()) return problems_.add("the pid namespace's IDR", *idr.error());
        if (!first_task) return problems_.add("struct pid", first_task.error());
        if (!link) return problems_.add("struct task_struct", link.error());
        for_each_xarray_entry(
            idr,
            [&](std::uint64_t pid, std::uint64_t entry) {
                const auto node = memory_.u64(first_task->address_in(entry));
                if (!node) {
                    problems_.add("the struct pid", fmt::format("of pid {} at {:#x}", pid, entry),
                                  node.error());
                } else if (*node != 0) {  // a pid may outlive its task as a session or group id
                    found(*node - link->offset());
                }
                return true;
            },
            [&](Error error) { problems_.add("the pid namespace's IDR", error); });
    }

    // The second source: what a damaged IDR lost is found here, and the other way round.
    void collect_from_lists() {
        const auto init_task = kernel_.symbol("init_task");
        const auto leaders = Field::find(kernel_.types(), "task_struct", {"tasks"});
        const auto signal = Field::find(kernel_.types(), "task_struct", {"signal"});
        const auto threads = Field::find(kernel_.types(), "signal_struct", {"thread_head"});
        const auto thread_node = Field::find(kernel_.types(), "task_struct", {"thread_node"});
        if (!init_task || !leaders)
            return problems_.add("the list of processes", init_task ? leaders.error() : init_task.error());
        const bool pid_table_whole = problems_.empty();
        std::size_t only_here = 0;
        const auto visit = [&](std::uint64_t node) {
            const std::uint64_t leader = node - leaders->offset();
            only_here += found(leader);
            if (!signal || !threads || !thread_node) return true;
            const auto group = signal->u64(memory_, leader);
            if (!group || *group == 0) return true;
            const auto walked =
                for_each_list_node(memory_, threads->address_in(*group), [&](std::uint64_t thread) {
                    only_here += found(thread - thread_node->offset());
                    return true;
                });
            if (!walked)
                problems_.add("the threads", fmt::format("of the task at {:#x}", leader), walked.error());
            return true;
        };
        const std::uint64_t head = leaders->address_in(*init_task);
        if (auto walked = for_each_list_node(memory_, head, visit); !walked) {
            problems_.add("the list of processes", walked.error());
            // The part behind the break is reached from the other end.
            if (auto back = for_each_list_node_backwards(memory_, head, visit); !back)
                problems_.add("the list of processes, backwards", back.error());
        }
        if (only_here > 0 && pid_table_whole)
            problems_.add(
                {ErrorCode::Corrupt,
                 fmt::format("{} tasks are in the process list and not in the pid table", only_here)});
    }

    void read_all() {
        for (const std::uint64_t address : active_) found(address);
        const TaskReader reader(kernel_);
        std::vector<Result<Task>> results(addresses_.size(), fail(Error()));
        parallel_for(addresses_.size(), tasks_per_piece, [&](std::size_t first, std::size_t last) {
            for (std::size_t i = first; i < last; ++i) results[i] = reader.read(addresses_[i]);
        });
        table_.tasks.reserve(results.size());
        for (std::size_t i = 0; i < results.size(); ++i) {
            if (!results[i]) {
                problems_.add("a task", fmt::format("at {:#x}", addresses_[i]), results[i].error());
                continue;
            }
            table_.tasks.push_back(std::move(*results[i]));
            table_.tasks.back().active = active_.contains(addresses_[i]);
        }
    }

    static constexpr std::size_t tasks_per_piece = 256;

    const Kernel& kernel_;
    const AddressSpace& memory_;
    TaskTable table_;
    ProblemCollector problems_;
    std::vector<std::uint64_t> addresses_;
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

TaskReader::TaskReader(const Kernel& kernel) : memory_(kernel.memory()) {
    const auto find = [&](std::initializer_list<std::string_view> paths) {
        auto field = Field::find(kernel.types(), "task_struct", paths);
        if (!field) missing_.push_back(field.error());
        return field.value_or(Field());
    };
    pid_ = find({"pid"});
    tgid_ = find({"tgid"});
    comm_ = find({"comm"});
    // __state since 5.14 (2f064a59a11f). exit_state is a 4-byte int beside it.
    state_ = find({"__state", "state"});
    exit_state_ = find({"exit_state"});
    flags_ = find({"flags"});
    mm_ = find({"mm"});
    parent_ = find({"parent"});
    stack_ = find({"stack"});
    saved_sp_ = find({"thread.sp"});
    // task->cpu until 5.15, then thread_info.cpu (bcf9033e5449).
    cpu_ = find({"cpu", "thread_info.cpu"});
}

Result<Task> TaskReader::read(std::uint64_t address) const {
    if (!pid_.present() || !tgid_.present() || !comm_.present() || !state_.present())
        return fail(missing_.front());
    const auto pid = pid_.i64(memory_, address), tgid = tgid_.i64(memory_, address);
    if (!pid) return fail(pid.error());
    if (!tgid) return fail(tgid.error());
    const auto state = state_.u64(memory_, address);
    if (!state) return fail(state.error());
    auto comm = memory_.c_string(comm_.address_in(address), comm_length);
    if (!comm) return fail(std::move(comm.error()));

    Task task;
    task.address = address;
    task.pid = static_cast<std::int32_t>(*pid);
    task.tgid = static_cast<std::int32_t>(*tgid);
    task.comm = std::move(*comm);
    task.state = (*state & 0xffffffff) | (exit_state_.u64_or(memory_, address, 0) & 0xffffffff);
    task.flags = flags_.u64_or(memory_, address, 0);
    task.mm = mm_.u64_or(memory_, address, 0);
    task.parent = parent_.u64_or(memory_, address, 0);
    task.stack = stack_.u64_or(memory_, address, 0);
    task.saved_sp = saved_sp_.u64_or(memory_, address, 0);
    task.cpu = static_cast<std::uint32_t>(cpu_.u64_or(memory_, address, 0));
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
