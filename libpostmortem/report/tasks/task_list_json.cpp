#include <postmortem/render.h>

#include "output/json.h"

namespace postmortem {

Json json_entry(const TaskInfo& task) {
    Json entry{{"pid", task.pid}, {"tgid", task.tgid}};
    entry["ppid"] = json_optional(task.ppid);
    entry["cpu"] = task.cpu;
    entry["task"] = json_address(task.task);
    entry["state"] = task.state;
    entry["state_bits"] = task.state_bits;
    entry["mem_percent"] = json_optional(task.mem_percent);
    entry["vsz_kib"] = json_optional(task.vsz_kib);
    entry["rss_kib"] = json_optional(task.rss_kib);
    entry["comm"] = json_text(task.comm);
    entry["kernel_thread"] = task.kernel_thread;
    entry["active"] = task.active;
    return entry;
}

std::string to_json(const TaskList& list) {
    Json tasks = Json::array();
    for (const TaskInfo& task : list.tasks) tasks.push_back(json_entry(task));
    return json_document({{"tasks", std::move(tasks)}, {"problems", json_problems(list.problems)}});
}

}  // namespace postmortem
