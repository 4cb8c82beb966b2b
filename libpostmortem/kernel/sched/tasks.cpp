#include "kernel/sched/tasks.h"

#include <algorithm>

#include "kernel/percpu.h"
#include "types/partial_types.h"

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

TaskReader::TaskReader(const Kernel& kernel, TaskParts parts)
    : memory_(kernel.memory()), states_(TaskStates::of(kernel)) {
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
    // Where nothing has died it cannot be inferred, and is not missed.
    const bool needs_exit_state = !are_partial(kernel.types());
    exit_state_ = needs_exit_state
                      ? find({"exit_state"})
                      : Field::find(kernel.types(), "task_struct", {"exit_state"}).value_or(Field());
    flags_ = find({"flags"});
    mm_ = find({"mm"});
    parent_ = find({"parent"});
    stack_ = find({"stack"});
    find_cpu(kernel);
    cached_rss_ = Field::find(kernel.types(), "task_struct", {"rss_stat.count"}).value_or(Field());
    cached_shmem_ = Field::find(kernel.types(), "task_struct", {"mm_shmempages"}).value_or(Field());
    if (parts == TaskParts::ForUnwinding)
        saved_sp_ = Field::find(kernel.types(), "task_struct", {kernel.arch().saved_sp}).value_or(Field());
    find_extent();
}

// task->cpu from 4.9 to 5.15, then thread_info.cpu again (bcf9033e5449). Before 4.9 (c65eacbe290b) the
// thread_info lies at the bottom of the task's stack.
void TaskReader::find_cpu(const Kernel& kernel) {
    auto in_task = Field::find(kernel.types(), "task_struct", {"cpu", "thread_info.cpu"});
    cpu_ = in_task.value_or(Field());
    if (cpu_.present()) return;
    stack_cpu_ = Field::find(kernel.types(), "thread_info", {"cpu"}).value_or(Field());
    stack_task_ = Field::find(kernel.types(), "thread_info", {"task"}).value_or(Field());
    if (stack_cpu_.present() && stack_task_.present()) return;
    stack_cpu_ = Field();
    one_cpu_ = kernel.types().find(TypeKind::Struct, "task_struct") && cpu_limit(kernel) == 1u;
    if (!one_cpu_) missing_.push_back(in_task.error());
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
    task.address_digits = static_cast<std::uint8_t>(memory_.word_size() * 2);
    task.pid = static_cast<std::int32_t>(*pid);
    task.tgid = static_cast<std::int32_t>(*tgid);
    task.comm = std::move(*comm);
    task.state = (*state & 0xffffffff) | (optional(exit_state_) & 0xffffffff);
    task.state_letters = states_.letters(task.state);
    if (!exit_state_.present() && task.state_letters == "DE") task.state_letters = "??";  // or a zombie
    task.flags = optional(flags_);
    task.mm = optional(mm_);
    task.parent = optional(parent_);
    task.stack = optional(stack_);
    if (auto cpu = read_cpu(task, window)) {
        task.cpu = *cpu;
    } else if (cpu_.present() || stack_cpu_.present()) {
        task.damage = std::move(cpu.error());
    }
    if (task.mm != 0 && cached_rss_.present()) read_cached_rss(task);
    if (saved_sp_.present()) {
        if (const auto sp = saved_sp_.u64(window, address)) task.saved_sp = *sp;
    }
    return task;
}

Result<std::uint32_t> TaskReader::read_cpu(const Task& task, const MemoryWindow& window) const {
    const auto number = [](std::uint64_t value) { return static_cast<std::uint32_t>(value); };
    if (one_cpu_) return 0u;
    if (cpu_.present()) return cpu_.u64(window, task.address).map(number);
    if (!stack_cpu_.present()) return fail(ErrorCode::NotFound, "nothing says where a task ran");
    const auto owner = stack_task_.u64(memory_, task.stack);
    if (!owner) return fail(owner.error());
    if (*owner != task.address)
        return fail(ErrorCode::Corrupt, "the thread_info on its stack is another task's", task.stack);
    return stack_cpu_.u64(memory_, task.stack).map(number);
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
    if (!cached_shmem_.present()) return;
    if (const auto shmem = cached_shmem_.i64(memory_, task.address))
        task.cached_rss.back() = static_cast<std::int32_t>(*shmem);
    else
        task.damage = shmem.error();
}

Result<std::uint64_t> current_task(const Kernel& kernel, std::uint32_t cpu) {
    return per_cpu_variable(kernel, "runqueues", "rq", cpu)["curr"].u64();
}

std::optional<std::uint32_t> panicked_cpu(const Kernel& kernel) {
    // An atomic_t, -1 until a CPU panics (since 4.5: 1717f2096b54).
    const auto panicking = kernel.number<std::int32_t>("panic_cpu");
    if (panicking && *panicking >= 0) return static_cast<std::uint32_t>(*panicking);
    // Before 4.9 (0ee59413c967) it begins with 0, which says nothing.
    const auto crashing = kernel.number<std::int32_t>("crashing_cpu");
    if (crashing && *crashing > 0) return static_cast<std::uint32_t>(*crashing);
    return std::nullopt;
}

Result<std::uint32_t> crashed_cpu(const Kernel& kernel) {
    if (const auto cpu = panicked_cpu(kernel)) return *cpu;
    if (const auto cpu = kernel.dump().info().crashed_cpu) return *cpu;
    return fail(ErrorCode::NotFound, "no CPU had panicked when the dump was taken");
}

}  // namespace postmortem
