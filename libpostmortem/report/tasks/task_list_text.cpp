// `ps` as crash 9 prints it: the same columns in the same order.
#include <fmt/format.h>

#include <postmortem/render.h>

#include "base/text.h"
#include "report/tasks/process_table_text.h"
#include "report/tasks/task_header_text.h"

namespace postmortem {
namespace {

std::string column(const std::optional<std::uint64_t>& value) {
    return value ? fmt::format("{}", *value) : "-";
}

}  // namespace

std::string shown_comm(const TaskInfo& task) {
    return task.kernel_thread ? fmt::format("[{}]", escaped(task.comm)) : escaped(task.comm);
}

std::string process_row_start(const TaskInfo& task, std::string_view pointer) {
    return fmt::format("{} {:>7} {:>7} {:>3}  {}", task.active.value_or(false) ? '>' : ' ', task.pid,
                       task.ppid ? fmt::format("{}", *task.ppid) : "-",
                       task.cpu ? fmt::format("{}", *task.cpu) : "-", pointer);
}

std::string process_row_end(const TaskInfo& task) {
    return fmt::format("  {}  {:>4} {:>8} {:>8}  {}\n", task.state,
                       task.mem_percent ? fmt::format("{:.1f}", *task.mem_percent) : "-",
                       column(task.vsz_kib), column(task.rss_kib), shown_comm(task));
}

std::string to_text(const TaskList& list) {
    const std::size_t width = list.tasks.empty() ? 16 : list.tasks.front().address_digits;
    std::string text = fmt::format("      PID    PPID  CPU {}  ST  %MEM      VSZ      RSS  COMM\n",
                                   centered("TASK", width, true));
    for (const TaskInfo& task : list.tasks)
        text += process_row_start(task, fmt::format("{:0{}x}", task.task, width)) + process_row_end(task);
    return text;
}

}  // namespace postmortem
