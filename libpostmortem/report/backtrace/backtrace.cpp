#include "report/backtrace/backtrace.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/parallel.h"
#include "base/text.h"
#include "report/backtrace/references.h"
#include "report/backtrace/saved_frames.h"
#include "report/backtrace/source_lines.h"
#include "report/backtrace/stack_words.h"
#include "report/backtrace/start_point.h"
#include "report/backtrace/walk_problems.h"

namespace postmortem {
namespace {

// Backtraces are made by all cores, a piece each, and handed out in order.
constexpr std::size_t tasks_per_piece = 128, pieces_ahead = 8;

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
    frame.cause = {};
    if (raw.registers) {
        const Registers& saved = all.registers[*raw.registers];
        fill_registers(frame.registers, saved, true);
        frame.registers_of_user = saved.user_mode();
        if (saved.file->cause) frame.cause = saved.file->cause(saved);
    }
    frame.file.reset();
    frame.line.reset();
    frame.inlined.clear();
    frame.data.clear();
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
        fill_registers(trace.registers, *raw.start, false);
        trace.registers_of_user = raw.start->user_mode();
    }
    trace.frames.resize(raw.frames.size());
    for (std::size_t i = 0; i < raw.frames.size(); ++i) fill(trace.frames[i], raw.frames[i], raw);
}

}  // namespace

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
    auto wanted = backtrace_tasks(kernel, table, request);
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
    StackWords words(kernel, unwinder, request);
    std::vector<Backtrace> ring(std::min(wanted->size(), tasks_per_piece * pieces_ahead));
    std::vector<RawBacktrace> raw(ring.size());
    const auto make = [&](std::size_t first, std::size_t last) {
        FrameWalker walker = unwinder.walker();
        for (std::size_t i = first; i < last; ++i) {
            const Task& task = *(*wanted)[i];
            const std::size_t place = i % ring.size();
            unwind_as_asked(unwinder, task, request, walker, raw[place]);
            fill(ring[place], kernel.arch(), task, raw[place]);
            words.add(task, walker, ring[place]);
        }
    };
    WalkProblems found;
    bool any = false;
    const auto take = [&](std::size_t first, std::size_t last) {
        for (std::size_t i = first; i < last; ++i) {
            Backtrace& trace = ring[i % ring.size()];
            if (sources) sources->annotate(trace);
            const bool wanted_one = request.reference.empty() || refers_to(trace, request.reference);
            any = any || wanted_one;
            if (wanted_one) visit(trace);
            found.add(*(*wanted)[i], raw[i % ring.size()]);
        }
    };
    parallel_in_order(wanted->size(), tasks_per_piece, pieces_ahead, make, take);
    if (!any && !wanted->empty())
        problems.add(Error(ErrorCode::NotFound, fmt::format("'{}' was found in none of these backtraces",
                                                            escaped(request.reference))));
    found.tell(problems);
    words.tell(problems);
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
