// Which tasks a user means: pid, task_struct address, command name or regular expression, as crash's commands
// take them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kernel/sched/tasks.h"

namespace postmortem {

/// Selectors (TaskChoice::selectors) that are understood, and which of them have named a task. Borrows the
/// table, whose names tell a name from an expression.
class TaskSelectors {
  public:
    /// InvalidArgument where one is no regular expression.
    static Result<TaskSelectors> parse(const TaskTable& table, const std::vector<std::string>& selectors);
    TaskSelectors(TaskSelectors&&) noexcept;
    ~TaskSelectors();

    /// Whether any of them names the task: all of them do where there are none.
    bool match(const Task& task);
    /// The same, where `task` stands for the process: names and expressions mean its first thread alone.
    bool match_process(const Task& task);
    /// A sentence for each that named nothing; where no task could be read, the reason.
    Problems unmatched() const;

  private:
    struct Parsed;
    TaskSelectors();
    void parse_one(const TaskTable& table, const std::string& word);
    bool match_numbers(const Task& task);
    bool match_names(const Task& task);

    std::unique_ptr<Parsed> parsed_;
};

/// The tasks that any of the selectors names, in table order; all of them where there is no selector.
/// NotFound names the first selector that matches nothing.
Result<std::vector<const Task*>> select_tasks(const TaskTable& table,
                                              const std::vector<std::string>& selectors);

}  // namespace postmortem
