#include "kernel/sched/awaited_ends.h"

#include "object/field.h"

namespace postmortem {

std::unordered_map<std::uint64_t, AwaitedEnd> read_awaited_ends(const Kernel& kernel,
                                                                const TaskTable& table) {
    std::unordered_map<std::uint64_t, AwaitedEnd> ends;
    const AddressSpace& memory = kernel.memory();
    const auto find = [&](std::string_view structure, std::initializer_list<std::string_view> paths) {
        return Field::find(kernel.types(), structure, paths).value_or(Field());
    };
    const Field vfork = find("task_struct", {"vfork_done"});
    // worker_private since 5.17 (e32cf5dfbe22); before, kernel threads kept it in a member that they do not
    // need.
    const Field kthread = find("task_struct", {"worker_private", "set_child_tid"});
    const Field exited = find("kthread", {"exited"}), parked = find("kthread", {"parked"});
    const auto stack = kernel.types().find(TypeKind::Union, "thread_union");
    const std::uint64_t stack_bytes = stack ? kernel.types().get(*stack).byte_size : 0;
    for (const Task& task : table.tasks) {
        const std::uint64_t done = vfork.u64_or(memory, task.address, 0);
        if (done != 0 && !task.is_kernel_thread()) ends[done] = {&task, "exec or exit", "vfork_done", true};
        if (!task.is_kernel_thread() || task.is_idle()) continue;
        std::uint64_t own = kthread.u64_or(memory, task.address, 0);
        // Until 4.10 (1da5c46fa965) it lay on the thread's stack, and the way to it was that of vfork(),
        // whose completion is on the parent's.
        if (own == 0 && exited.present() && done >= task.stack && done - task.stack < stack_bytes)
            own = done - exited.offset();
        if (own == 0) continue;
        if (exited.present()) ends[exited.address_in(own)] = {&task, "end", "kthread.exited", false};
        if (parked.present()) ends[parked.address_in(own)] = {&task, "park", "kthread.parked", false};
    }
    return ends;
}

}  // namespace postmortem
