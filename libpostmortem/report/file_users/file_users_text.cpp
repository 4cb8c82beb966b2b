// `fuser` as crash 9 prints it (filesys.c: show_fuser()).
#include <fmt/format.h>

#include <postmortem/file_users.h>

#include "base/text.h"
#include "report/tasks/task_header_text.h"

namespace postmortem {

std::string to_text(const FileUsers& users) {
    if (users.users.empty())
        return fmt::format("No users of {} found{}\n", escaped(users.file),
                           users.problems.empty() ? "" : " in what could be read");
    const std::size_t width = users.users.front().task.task >> 32 == 0 ? 8 : 16;
    std::string text = fmt::format(" PID   {}  COMM             USAGE\n", centered("TASK", width));
    for (const FileUser& user : users.users) {
        // crash leaves room for fifteen characters, quotes included.
        std::string comm = fmt::format("\"{}\"", escaped(user.task.comm)).substr(0, 15);
        comm.append(16 - comm.size(), ' ');  // by bytes, as crash does
        text += fmt::format("{:>5}  {:>{}x}  {} {}{}{}{}\n", user.task.pid, user.task.task, width, comm,
                            user.root ? "root " : "", user.working_directory ? "cwd " : "",
                            user.open ? "fd " : "", user.mapped ? "mmap " : "");
    }
    return text;
}

}  // namespace postmortem
