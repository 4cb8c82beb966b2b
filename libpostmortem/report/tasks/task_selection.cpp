#include "report/tasks/task_selection.h"

#include <unordered_set>

#include <fmt/format.h>

#include "base/text.h"

namespace postmortem {
namespace {

bool names_task(const Task& task, const std::string& selector) {
    if (const auto pid = parse_u64(selector, 10)) {
        if (task.pid >= 0 && *pid == static_cast<std::uint64_t>(task.pid)) return true;
    }
    if (const auto number = parse_u64(selector, 16)) {
        if (*number == task.address) return true;
        if (selector.starts_with("0x") && task.pid >= 0 && *number == static_cast<std::uint64_t>(task.pid))
            return true;
    }
    return task.comm == selector;
}

}  // namespace

Result<std::vector<const Task*>> select_tasks(const TaskTable& table,
                                              const std::vector<std::string>& selectors) {
    std::vector<bool> used(selectors.size(), false);
    std::vector<const Task*> selected;
    for (const Task& task : table.tasks) {
        bool wanted = selectors.empty();
        for (std::size_t i = 0; i < selectors.size(); ++i) {
            if (!names_task(task, selectors[i])) continue;
            wanted = used[i] = true;
        }
        if (wanted) selected.push_back(&task);
    }
    for (std::size_t i = 0; i < selectors.size(); ++i)
        if (!used[i])
            return fail(
                ErrorCode::NotFound,
                fmt::format(
                    "no task has the pid, task address or command name '{}'; `postmortem ps` lists them",
                    escaped(selectors[i])));
    return selected;
}

}  // namespace postmortem
