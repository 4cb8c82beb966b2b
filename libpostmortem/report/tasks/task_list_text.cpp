// `ps` as crash 9 prints it: the same columns in the same order.
#include <fmt/format.h>

#include <postmortem/render.h>

#include "base/text.h"

namespace postmortem {
namespace {

std::string column(const std::optional<std::uint64_t>& value) {
    return value ? fmt::format("{}", *value) : "-";
}

}  // namespace

std::string to_text(const TaskList& list) {
    fmt::memory_buffer out;
    fmt::format_to(fmt::appender(out),
                   "      PID    PPID  CPU       TASK        ST  %MEM      VSZ      RSS  COMM\n");
    for (const TaskInfo& task : list.tasks) {
        const std::string comm = escaped(task.comm);
        fmt::format_to(fmt::appender(out), "{} {:>7} {:>7} {:>3}  {:016x}  {}  {:>4} {:>8} {:>8}  {}\n",
                       task.active ? '>' : ' ', task.pid, task.ppid ? fmt::format("{}", *task.ppid) : "-",
                       task.cpu ? fmt::format("{}", *task.cpu) : "-", task.task, task.state,
                       task.mem_percent ? fmt::format("{:.1f}", *task.mem_percent) : "-",
                       column(task.vsz_kib), column(task.rss_kib),
                       task.kernel_thread ? fmt::format("[{}]", comm) : comm);
    }
    return fmt::to_string(out);
}

}  // namespace postmortem
