#include "kernel/sched/tasks.h"

#include <algorithm>

#include "kernel/percpu.h"

namespace postmortem {
namespace {

constexpr std::uint64_t pf_kthread = 0x00200000;
constexpr std::size_t comm_length = 16;

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

TaskReader::TaskReader(const Kernel& kernel, TaskParts parts) : memory_(kernel.memory()) {
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
    // task->cpu until 5.15, then thread_info.cpu (bcf9033e5449).
    cpu_ = find({"cpu", "thread_info.cpu"});
    cached_rss_ = Field::find(kernel.types(), "task_struct", {"rss_stat.count"}).value_or(Field());
    if (parts == TaskParts::ForUnwinding)
        saved_sp_ = Field::find(kernel.types(), "task_struct", {kernel.arch().saved_sp}).value_or(Field());
    find_extent();
}

void TaskReader::find_extent() {
    constexpr std::uint64_t largest = 64 * 1024;  // the size of any task_struct
    first_ = ~0ull;
    for (const Field* field : {&pid_, &tgid_, &state_, &exit_state_, &comm_, &flags_, &mm_, &parent_, &stack_,
                               &cpu_, &saved_sp_}) {
        if (!field->present()) continue;
        first_ = std::min(first_, field->offset());
        last_ = std::max(last_, field->end());
    }
    if (first_ > last_ || last_ - first_ > largest) first_ = last_ = 0;
}

Result<Task> TaskReader::read(std::uint64_t address) const {
    MemoryWindow window(memory_);
    return read(address, window);
}

Result<Task> TaskReader::read(std::uint64_t address, MemoryWindow& window) const {
    if (!pid_.present() || !tgid_.present() || !comm_.present() || !state_.present())
        return fail(missing_.front());
    window.move_to(address + first_, last_ - first_);
    const auto pid = pid_.u64(window, address), tgid = tgid_.u64(window, address);
    if (!pid) return fail(pid.error());
    if (!tgid) return fail(tgid.error());
    const auto state = state_.u64(window, address);
    if (!state) return fail(state.error());
    auto comm = window.c_string(comm_.address_in(address), comm_length);
    if (!comm) return fail(std::move(comm.error()));

    Task task;
    const auto optional = [&](const Field& field) -> std::uint64_t {
        if (!field.present()) return 0;
        auto value = field.u64(window, address);
        if (!value) task.damage = std::move(value.error());
        return value.value_or(0);
    };
    task.address = address;
    task.pid = static_cast<std::int32_t>(*pid);
    task.tgid = static_cast<std::int32_t>(*tgid);
    task.comm = std::move(*comm);
    task.state = (*state & 0xffffffff) | (optional(exit_state_) & 0xffffffff);
    task.flags = optional(flags_);
    task.mm = optional(mm_);
    task.parent = optional(parent_);
    task.stack = optional(stack_);
    task.cpu = static_cast<std::uint32_t>(optional(cpu_));
    if (task.mm != 0 && cached_rss_.present()) read_cached_rss(task);
    if (saved_sp_.present()) {
        if (const auto sp = saved_sp_.u64(window, address)) task.saved_sp = *sp;
    }
    return task;
}

void TaskReader::read_cached_rss(Task& task) const {
    const std::size_t count = std::min<std::size_t>(cached_rss_.elements(), task.cached_rss.size());
    std::array<std::byte, sizeof task.cached_rss> raw;
    const auto bytes = std::span(raw).first(count * sizeof(std::int32_t));
    if (auto done = memory_.read(cached_rss_.address_in(task.address), bytes); !done) {
        task.damage = std::move(done.error());
        return;
    }
    for (std::size_t i = 0; i < count; ++i)
        task.cached_rss[i] = load<std::int32_t>(bytes.data() + i * sizeof(std::int32_t), memory_.endian());
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
    constexpr std::uint64_t rtlock_wait = 0x1000;  // 5.15 (5f220be21418): /proc, too, calls it D
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
    if (state & rtlock_wait) return "UN";
    return "??";
}

}  // namespace postmortem
