// `task`, `vm -m` and `vm -v` as crash prints them.
#include <fmt/format.h>

#include <postmortem/task_structs.h>

#include "base/text.h"
#include "report/struct_view/struct_view_text.h"
#include "report/tasks/task_header_text.h"

namespace postmortem {

std::string to_text(const TaskStructs& structs, bool hexadecimal) {
    StructStyle style;
    style.hexadecimal = hexadecimal;
    std::string out;
    for (const TaskStructs::One& one : structs.tasks) {
        if (structs.of_memory && &one != &structs.tasks.front()) out += '\n';
        out += task_header(one.task);
        for (const TaskStructs::Part& part : one.parts) {
            if (!part.unknown.empty()) {
                out +=
                    fmt::format("task: {}: not a task_struct or thread_info member\n", escaped(part.unknown));
                continue;
            }
            if (!structs.of_memory && part.instance.members.empty() && &part != &one.parts.front()) out += '\n';
            out += instance_text(part.instance, part.type, style);
        }
        if (!structs.of_memory) out += '\n';
    }
    return out;
}

}  // namespace postmortem
