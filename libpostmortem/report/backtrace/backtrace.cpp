#include "report/backtrace/backtrace.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/parallel.h"
#include "report/backtrace/source_lines.h"
#include "report/backtrace/walk_problems.h"
#include "report/tasks/task_selection.h"

namespace postmortem {
namespace {

// Backtraces are made by all cores, a piece each, and handed out in order.
constexpr std::size_t tasks_per_piece = 128, pieces_ahead = 8;

void fill(std::vector<RegisterValue>& values, const Registers& registers, bool at_entry) {
    const RegisterFile& file = *registers.file;
    values.clear();
    values.reserve(file.printed.size());
    for (const auto& [index, label, digits] : file.printed) {
        if (!registers.knows(index) || (!at_entry && index == file.entry_only)) continue;
        values.push_back({file.names[index], registers[index], label, digits});
    }
}

// `frame` may hold another one's values, whose memory is used again.
void fill(Frame& frame, const RawFrame& raw, const RawBacktrace& all) {
    const CodePlace& place = *raw.place;
    frame.ip = raw.ip;
    frame.slot = raw.slot;
    frame.trust = raw.trust;
    frame.stack = raw.stack;
    frame.interrupted = raw.interrupted;
    frame.function = place.function;
    frame.module = place.module;
    frame.offset = place.function.empty() ? 0 : raw.ip - place.start;
    frame.size = place.size;
    frame.registers.clear();
    frame.registers_of_user = false;
    if (raw.registers) {
        const Registers& saved = all.registers[*raw.registers];
        fill(frame.registers, saved, true);
        frame.registers_of_user = saved.user_mode();
    }
    frame.file.reset();
    frame.line.reset();
    frame.inlined.clear();
}

void fill(Backtrace& trace, const Arch& arch, const Task& task, const RawBacktrace& raw) {
    trace.pid = task.pid;
    trace.task = task.address;
    trace.cpu = task.cpu;
    trace.comm = task.comm;
    trace.active = task.active;
    trace.style = {arch.registers->names[arch.registers->ip], static_cast<std::uint8_t>(arch.word_size * 2),
                   arch.registers->printed_per_line};
    trace.end = raw.end;
    trace.registers.clear();
    trace.registers_of_user = false;
    if (raw.start) {
        fill(trace.registers, *raw.start, false);
        trace.registers_of_user = raw.start->user_mode();
    }
    trace.frames.resize(raw.frames.size());
    for (std::size_t i = 0; i < raw.frames.size(); ++i) fill(trace.frames[i], raw.frames[i], raw);
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
        case StackKind::StackFault: return "stack-fault";
        case StackKind::Debug: return "debug";
        case StackKind::MachineCheck: return "machine-check";
        case StackKind::VmmCommunication: return "vmm-communication";
        case StackKind::Overflow: return "overflow";
        case StackKind::Sdei: return "sdei";
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

const Task* panic_task(const Kernel& kernel, const TaskTable& table) {
    const std::uint32_t cpu = crashed_cpu(kernel).value_or(0);
    if (const auto current = current_task(kernel, cpu)) return table.by_address(*current);
    return nullptr;
}

Backtrace make_backtrace(const Task& task, const Unwinder& unwinder, FrameWalker& walker,
                         ProblemCollector& problems) {
    RawBacktrace raw;
    unwinder.unwind(task, walker, raw);
    Backtrace trace;
    fill(trace, unwinder.arch(), task, raw);
    WalkProblems found;
    found.add(task, raw);
    found.tell(problems);
    return trace;
}

Result<Problems> visit_backtraces(const Kernel& kernel, const BacktraceRequest& request,
                                  const std::function<void(const Backtrace&)>& visit) {
    const bool all = request.which == BacktraceRequest::Which::All;
    const TaskTable table = read_tasks(kernel, all ? TaskParts::ForUnwinding : TaskParts::Identity);
    auto wanted = wanted_tasks(kernel, table, request);
    // A table with holes may lack the very task that is asked for.
    if (!wanted && table.problems.empty()) return fail(std::move(wanted.error()));
    ProblemCollector problems;
    problems.add_all(table.problems);
    if (!wanted) {
        problems.add(std::move(wanted.error()));
        return problems.take();
    }
    std::optional<SourceAnnotator> sources;
    if (request.source_lines || request.inlined) {
        auto opened = SourceAnnotator::open(kernel, request.inlined);
        if (opened) {
            sources = std::move(*opened);
        } else {
            problems.add("source lines", opened.error());
        }
    }
    const Unwinder unwinder(kernel);
    std::vector<Backtrace> ring(std::min(wanted->size(), tasks_per_piece * pieces_ahead));
    std::vector<RawBacktrace> raw(ring.size());
    const auto make = [&](std::size_t first, std::size_t last) {
        FrameWalker walker = unwinder.walker();
        for (std::size_t i = first; i < last; ++i) {
            const Task& task = *(*wanted)[i];
            const std::size_t place = i % ring.size();
            unwinder.unwind(task, walker, raw[place]);
            fill(ring[place], kernel.arch(), task, raw[place]);
        }
    };
    WalkProblems found;
    const auto take = [&](std::size_t first, std::size_t last) {
        for (std::size_t i = first; i < last; ++i) {
            const std::size_t place = i % ring.size();
            if (sources) sources->annotate(ring[place]);
            visit(ring[place]);
            found.add(*(*wanted)[i], raw[place]);
        }
    };
    parallel_in_order(wanted->size(), tasks_per_piece, pieces_ahead, make, take);
    found.tell(problems);
    problems.add_all(unwinder.problems());
    return problems.take();
}

Result<BacktraceList> make_backtraces(const Kernel& kernel, const BacktraceRequest& request) {
    BacktraceList list;
    auto problems =
        visit_backtraces(kernel, request, [&](const Backtrace& trace) { list.backtraces.push_back(trace); });
    if (!problems) return fail(std::move(problems.error()));
    list.problems = std::move(*problems);
    return list;
}

}  // namespace postmortem
