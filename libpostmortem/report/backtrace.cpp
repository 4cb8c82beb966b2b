#include "report/backtrace.h"

#include <fmt/format.h>

#include "base/parallel.h"
#include "report/task_selection.h"

namespace postmortem {
namespace {

constexpr std::size_t tasks_per_piece = 128;

// The order in which crash and the kernel print them.
constexpr x86_64::Reg printed_order[] = {
    x86_64::Reg::Ip,  x86_64::Reg::Sp,  x86_64::Reg::Flags, x86_64::Reg::Ax,     x86_64::Reg::Bx,
    x86_64::Reg::Cx,  x86_64::Reg::Dx,  x86_64::Reg::Si,    x86_64::Reg::Di,     x86_64::Reg::Bp,
    x86_64::Reg::R8,  x86_64::Reg::R9,  x86_64::Reg::R10,   x86_64::Reg::R11,    x86_64::Reg::R12,
    x86_64::Reg::R13, x86_64::Reg::R14, x86_64::Reg::R15,   x86_64::Reg::OrigAx, x86_64::Reg::Cs,
    x86_64::Reg::Ss};

bool pushed_by_cpu(x86_64::Reg reg) {
    return reg == x86_64::Reg::Ip || reg == x86_64::Reg::Cs || reg == x86_64::Reg::Flags ||
           reg == x86_64::Reg::Sp || reg == x86_64::Reg::Ss;
}

std::vector<RegisterValue> values_of(const x86_64::Registers& registers, bool with_orig_ax) {
    std::vector<RegisterValue> values;
    values.reserve(x86_64::register_count);
    for (const x86_64::Reg reg : printed_order) {
        if (registers.partial && !pushed_by_cpu(reg)) continue;
        if (reg == x86_64::Reg::OrigAx && !with_orig_ax) continue;
        values.push_back({x86_64::name_of(reg), registers[reg]});
    }
    return values;
}

Frame to_frame(const RawFrame& raw, const RawBacktrace& all) {
    Frame frame;
    frame.ip = raw.ip;
    frame.slot = raw.slot;
    frame.trust = raw.trust;
    frame.stack = raw.stack;
    frame.interrupted = raw.interrupted;
    if (!raw.place->function.empty()) {
        frame.function = raw.place->function;
        frame.module = raw.place->module;
        frame.offset = raw.ip - raw.place->start;
        frame.size = raw.place->size;
    }
    if (raw.registers) {
        const x86_64::Registers& saved = all.registers[*raw.registers];
        frame.registers = values_of(saved, true);
        frame.registers_of_user = saved.user_mode();
    }
    return frame;
}

Backtrace to_backtrace(const Task& task, const RawBacktrace& raw, Problems& problems) {
    Backtrace trace;
    trace.pid = task.pid;
    trace.task = task.address;
    trace.cpu = task.cpu;
    trace.comm = task.comm;
    trace.active = task.active;
    trace.end = raw.end;
    if (raw.start) {
        trace.registers = values_of(*raw.start, false);
        trace.registers_of_user = raw.start->user_mode();
    }
    trace.frames.reserve(raw.frames.size());
    for (const RawFrame& frame : raw.frames) trace.frames.push_back(to_frame(frame, raw));
    if (raw.lost)
        problems.emplace_back(
            raw.lost->code,
            fmt::format("the backtrace of pid {} ({}): {}", task.pid, task.comm, raw.lost->message),
            raw.lost->address);
    return trace;
}

// Where none panicked (a running guest that QEMU dumped), the task of the first CPU stands in.
const Task* panic_task(const Kernel& kernel, const TaskTable& table) {
    const std::uint32_t cpu = crashed_cpu(kernel).value_or(0);
    if (const auto current = current_task(kernel, cpu)) return table.by_address(*current);
    return nullptr;
}

Result<std::vector<const Task*>> wanted_tasks(const Kernel& kernel, const TaskTable& table,
                                              const BacktraceRequest& request) {
    std::vector<const Task*> wanted;
    switch (request.which) {
        case BacktraceRequest::Which::All: return select_tasks(table, {});
        case BacktraceRequest::Which::Selected: return select_tasks(table, request.selectors);
        case BacktraceRequest::Which::Active:
            for (const Task& task : table.tasks)
                if (task.active) wanted.push_back(&task);
            std::sort(wanted.begin(), wanted.end(),
                      [](const Task* a, const Task* b) { return a->cpu < b->cpu; });
            return wanted;
        case BacktraceRequest::Which::PanicTask: break;
    }
    if (const Task* task = panic_task(kernel, table)) return std::vector<const Task*>{task};
    return fail(ErrorCode::NotFound, "the task that was running when the kernel died cannot be found");
}

}  // namespace

std::string_view to_string(FrameTrust trust) {
    switch (trust) {
        case FrameTrust::Registers: return "registers";
        case FrameTrust::Orc: return "orc";
        case FrameTrust::CallSite: return "call-site";
        case FrameTrust::FramePointer: return "frame-pointer";
        case FrameTrust::Scan: break;
    }
    return "scan";
}

std::string_view to_string(StackKind kind) {
    switch (kind) {
        case StackKind::Task: return "task";
        case StackKind::Irq: return "irq";
        case StackKind::Nmi: return "nmi";
        case StackKind::DoubleFault: return "double-fault";
        case StackKind::Debug: return "debug";
        case StackKind::MachineCheck: return "machine-check";
        case StackKind::VmmCommunication: return "vmm-communication";
        case StackKind::Entry: break;
    }
    return "entry";
}

std::string_view to_string(BacktraceEnd end) {
    switch (end) {
        case BacktraceEnd::User: return "user";
        case BacktraceEnd::Kernel: return "kernel";
        case BacktraceEnd::Lost: return "lost";
        case BacktraceEnd::None: break;
    }
    return "none";
}

Backtrace make_backtrace(const Task& task, const Unwinder& unwinder, FrameWalker& walker,
                         Problems& problems) {
    RawBacktrace raw;
    unwinder.unwind(task, walker, raw);
    return to_backtrace(task, raw, problems);
}

Result<BacktraceList> make_backtraces(const Kernel& kernel, const BacktraceRequest& request) {
    const TaskTable table = read_tasks(kernel);
    BacktraceList list;
    list.problems = table.problems;
    auto wanted = wanted_tasks(kernel, table, request);
    if (!wanted) {
        // A table with holes may lack the very task that is asked for.
        if (table.problems.empty()) return fail(std::move(wanted.error()));
        list.problems.push_back(std::move(wanted.error()));
        return list;
    }
    const Unwinder unwinder(kernel);
    list.backtraces.resize(wanted->size());
    std::vector<Problems> problems((wanted->size() + tasks_per_piece - 1) / tasks_per_piece);
    parallel_for(wanted->size(), tasks_per_piece, [&](std::size_t first, std::size_t last) {
        FrameWalker walker = unwinder.walker();
        for (std::size_t i = first; i < last; ++i)
            list.backtraces[i] =
                make_backtrace(*(*wanted)[i], unwinder, walker, problems[first / tasks_per_piece]);
    });
    for (Error& problem : unwinder.problems()) list.problems.push_back(std::move(problem));
    for (Problems& some : problems) std::move(some.begin(), some.end(), std::back_inserter(list.problems));
    return list;
}

}  // namespace postmortem
