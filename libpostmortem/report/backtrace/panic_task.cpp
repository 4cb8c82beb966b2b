#include "report/backtrace/panic_task.h"

#include <algorithm>
#include <array>

#include "kernel/unwind/unwind.h"

namespace postmortem {
namespace {

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

// A second CPU that panics waits in there for the first (kernel/panic.c).
bool waits_for_another(std::string_view function) {
    constexpr std::array<std::string_view, 2> waits{"panic_smp_self_stop", "nmi_panic_self_stop"};
    return is_one_of(waits, function);
}

bool is_panic(std::string_view function) {
    constexpr std::array<std::string_view, 2> panics{"panic", "vpanic"};
    return is_one_of(panics, function);
}

// The function of the outermost step towards the end; empty where it is on no such way.
std::string_view way_to_the_end(const RawBacktrace& trace) {
    std::string_view way;
    for (const RawFrame& frame : trace.frames) {
        if (frame.trust == FrameTrust::Scan || !frame.place) continue;
        const std::string_view function = frame.place->function;
        if (waits_for_another(function)) return {};
        if (ends_the_kernel(function)) way = function;
    }
    return way;
}

// Since 4.5 (1717f2096b54) a variable says that no CPU has panicked.
bool is_known_to_have_gone_on(const Kernel& kernel) {
    const auto cpu = kernel.number<std::int32_t>("panic_cpu");
    return cpu && *cpu < 0;
}

}  // namespace

bool ends_the_kernel(std::string_view function) {
    constexpr std::array<std::string_view, 2> kexec{"crash_kexec", "__crash_kexec"};
    return is_panic(function) || is_one_of(kexec, function);
}

const Task* task_in_panic(const Kernel& kernel, const TaskTable& table) {
    const Unwinder unwinder(kernel);
    FrameWalker walker = unwinder.walker();
    RawBacktrace trace;
    const Task* in_kexec = nullptr;
    for (const Task& task : table.tasks) {
        if (!task.active) continue;
        unwinder.unwind(task, walker, trace);
        const std::string_view way = way_to_the_end(trace);
        if (is_panic(way)) return &task;
        if (!way.empty() && !in_kexec) in_kexec = &task;
    }
    return in_kexec;
}

const Task* panic_task(const Kernel& kernel, const TaskTable& table) {
    const auto cpu = crashed_cpu(kernel);
    if (!cpu && !is_known_to_have_gone_on(kernel))
        if (const Task* task = task_in_panic(kernel, table)) return task;
    if (const auto current = current_task(kernel, cpu.value_or(0))) return table.by_address(*current);
    return nullptr;
}

}  // namespace postmortem
