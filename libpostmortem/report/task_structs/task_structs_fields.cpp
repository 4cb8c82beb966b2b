#include <postmortem/task_structs.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {

void describe(Describer<StructInstance>& instance);

void describe(Describer<TaskStructs::Part>& part) {
    part.add("type", &TaskStructs::Part::type, "`task_struct`, `thread_info`, `mm_struct`, `vm_area_struct`").or_left_out();
    part.add("instance", &TaskStructs::Part::instance, "the whole of it, or one member")
        .left_out_unless([](const TaskStructs::Part& one) { return one.unknown.empty(); });
    part.add("unknown", &TaskStructs::Part::unknown, "the member that neither struct has").or_left_out();
}

void describe(Describer<TaskStructs::One>& one) {
    one.add("task", &TaskStructs::One::task, "whose it is");
    one.add("parts", &TaskStructs::One::parts, "the structs, or the members that were asked for");
}

void describe(Describer<TaskStructs>& structs) {
    structs.is_document();
    structs.add("tasks", &TaskStructs::tasks, "one for each task").answer();
    add_problems(structs);
}

std::string to_json(const TaskStructs& structs) {
    return json_document(structs);
}

std::string to_ndjson(const TaskStructs& structs) {
    return ndjson_lines(structs);
}

}  // namespace postmortem
