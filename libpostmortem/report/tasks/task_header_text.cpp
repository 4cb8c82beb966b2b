#include "report/tasks/task_header_text.h"

#include <fmt/format.h>

#include "base/text.h"

namespace postmortem {

std::string task_header(const TaskMention& task) {
    return fmt::format("PID: {:<7}  TASK: {:<{}x}  CPU: {:<3}  COMMAND: \"{}\"\n", task.pid, task.task,
                       task.address_digits, task.cpu ? fmt::format("{}", *task.cpu) : "-",
                       escaped(task.comm));
}

std::string task_heading(const TaskMention& task) {
    return task_header(task);
}

std::string centered(std::string_view text, std::size_t width, bool odd_left) {
    if (text.size() >= width) return std::string(text);
    const std::size_t spare = width - text.size(), left = (spare + (odd_left ? 1 : 0)) / 2;
    return std::string(left, ' ') + std::string(text) + std::string(spare - left, ' ');
}

}  // namespace postmortem
