// `report` as text: crash's banner, the panic task's backtrace, a line for each other CPU, the end of the
// log.
#include <algorithm>

#include <fmt/format.h>

#include <postmortem/render.h>

#include "base/text.h"

namespace postmortem {
namespace {

constexpr std::size_t functions_per_cpu = 6;

std::string taint(const SystemInfo& system) {
    if (!system.taint_mask) return "(unknown)";
    if (system.taints.empty()) return "none";
    std::string text;
    for (const TaintFlag& flag : system.taints)
        text += fmt::format("{}{} ({})", text.empty() ? "" : ", ", flag.letter, escaped(flag.meaning));
    return text;
}

// What the CPU did before it was stopped: the frames behind the last exception that stopped it.
std::string activity(const Backtrace& trace) {
    if (trace.registers_of_user) return "in user space";
    std::size_t first = 0;
    for (std::size_t i = 0; i < trace.frames.size(); ++i) {
        if (trace.frames[i].registers.empty()) continue;
        if (trace.frames[i].registers_of_user && trace.frames[i].stack != StackKind::Task)
            return "in user space";
        if (!trace.frames[i].registers_of_user) {
            first = i + 1;
            break;
        }
        if (trace.frames.front().function.find("nmi") != std::string::npos) return "in user space";
    }
    std::string text;
    for (std::size_t i = first; i < trace.frames.size() && i < first + functions_per_cpu; ++i) {
        const Frame& frame = trace.frames[i];
        text += text.empty() ? "" : " < ";
        text += frame.function.empty() ? fmt::format("{:#x}", frame.ip) : escaped(frame.function);
    }
    return text.empty() ? "(unknown)" : text;
}

}  // namespace

std::string to_text(const CrashReport& report) {
    std::string out = to_text(report.system);
    auto end = std::back_inserter(out);
    fmt::format_to(end, "{:>12}: {}\n", "TAINT", taint(report.system));
    if (report.cause)
        fmt::format_to(end, "{:>12}: {}\n{:>12}: {}\n", "CAUSE", escaped(report.cause->title), "ID",
                       report.cause->id);
    if (report.hang) fmt::format_to(end, "{:>12}: {}\n", "HANG", escaped(report.hang->sentence));
    out += '\n';

    if (report.panic_backtrace) {
        if (report.panic_task)
            fmt::format_to(end, "Task that was running: {} (pid {}, {})\n", escaped(report.panic_task->comm),
                           report.panic_task->pid,
                           report.panic_task->kernel_thread ? "a kernel thread"
                           : report.panic_task->rss_kib
                               ? fmt::format("{} KiB resident", *report.panic_task->rss_kib)
                               : "resident memory unknown");
        out += to_text(BacktraceList{{*report.panic_backtrace}, {}});
    }
    if (!report.other_cpus.empty()) out += "\nOther CPUs\n";
    for (const Backtrace& trace : report.other_cpus)
        fmt::format_to(end, "  {:>3}  pid {:<7} {:<16} {}\n", trace.cpu ? fmt::format("{}", *trace.cpu) : "-",
                       trace.pid, escaped(trace.comm), activity(trace));

    if (!report.last_records.empty()) {
        KernelLog tail;
        tail.records = report.last_records;
        fmt::format_to(end, "\nEnd of the log\n{}", to_text(tail, true));
    }
    return out;
}

}  // namespace postmortem
