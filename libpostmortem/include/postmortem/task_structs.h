// The answer to `task`, `vm -m` and `vm -v`: what the task_struct and the thread_info, the mm_struct or the
// vm_area_structs of tasks held.
#pragma once

#include <string>
#include <vector>

#include <postmortem/process_status.h>
#include <postmortem/struct_view.h>
#include <postmortem/task_choice.h>

namespace postmortem {

struct TaskStructs {
    struct Part {
        std::string type;  ///< "task_struct", "thread_info", "mm_struct", "vm_area_struct"
        StructInstance instance;
        std::string unknown = {};  ///< the member that was asked for and that neither has, in place of these
    };
    struct One {
        TaskMention task;
        std::vector<Part> parts;  ///< whole, or one for each member, in the order in which these were named
    };
    std::vector<One> tasks;
    bool of_memory = false;  ///< mm_structs or vm_area_structs
    Problems problems;
};

struct TaskStructRequest {
    /// Tasks, as a TaskChoice names them; what is no task and names a member of the structs is one of
    /// `members`.
    std::vector<std::string> words;
    std::vector<std::string> members;  ///< "se.on_rq"; none: all
    bool of_memory = false;            ///< the mm_struct, whole
    bool of_areas = false;             ///< every vm_area_struct, whole
};

/// Without a task that is named: of the one that brought the kernel down.
POSTMORTEM_API Result<TaskStructs> task_structs(const CrashDump& dump, const TaskStructRequest& request);
POSTMORTEM_API std::string to_text(const TaskStructs& structs, bool hexadecimal = false);
POSTMORTEM_API std::string to_json(const TaskStructs& structs);
POSTMORTEM_API std::string to_ndjson(const TaskStructs& structs);

}  // namespace postmortem
