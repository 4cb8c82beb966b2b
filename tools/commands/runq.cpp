#include "commands.h"
#include "cpu_list.h"

namespace tool {
namespace {

using postmortem::RunQueueStyle;

RunQueueStyle style_of(const Arguments& arguments) {
    if (arguments.has("timestamps")) return RunQueueStyle::Timestamps;
    if (arguments.has("lag")) return RunQueueStyle::Lag;
    if (arguments.has("milliseconds")) return RunQueueStyle::Milliseconds;
    if (arguments.has("on-rq")) return RunQueueStyle::OnRunqueue;
    if (arguments.has("groups")) return RunQueueStyle::Groups;
    return arguments.has("waiting") ? RunQueueStyle::Waiting : RunQueueStyle::Queues;
}

Syntax syntax() {
    Syntax syntax{"DUMP",
                  "Shows what each CPU was running and which tasks waited for it, as crash does: [priority], "
                  "pid, task,\n"
                  "name, real-time tasks by priority, the others in the order in which they were to run.\n\n"
                  "  postmortem runq /var/crash/202611210239/vmcore\n"
                  "  postmortem runq -g -c 0,4-7 vmcore\n"};
    syntax.rules.surplus_from = 0;
    syntax.has_ndjson = true;
    syntax.options = {
        on_or_off("timestamps,t", "each runqueue's clock, and when its running task last began to run"),
        on_or_off("lag,T", "how far each runqueue's clock is behind the latest"),
        on_or_off("milliseconds,m", "for how long each CPU had been running its task"),
        on_or_off("groups,g", "tasks by task group, with throttled groups"),
        on_or_off("on-rq,d", "every task that is on a runqueue, the idle ones included"),
        on_or_off("waiting,w", "for how long each task has been waiting"),
        text("cpus,c", "CPUS", "these CPUs alone: 3, or 1,8,9-14")};
    syntax.rules.ranks = {{"timestamps", "lag", "milliseconds", "on-rq", "groups"}};
    syntax.rules.covers = {{"lag", {"cpus"}}};
    for (const char* view : {"timestamps", "lag", "milliseconds", "on-rq", "groups"})
        syntax.rules.exclusive.push_back({view, "waiting"});
    return syntax;
}

int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    const RunQueueStyle style = style_of(arguments);
    std::vector<std::uint32_t> cpus;
    if (arguments.has("cpus")) {
        const auto chosen = cpus_of(arguments.text("cpus"));
        if (!chosen)
            return output.complain("runq: -c takes CPUs such as 3 or 1,8,9-14, not '" +
                                   arguments.text("cpus") + "'");
        cpus = *chosen;
    }
    const auto queues = dump.run_queues(cpus);
    if (!queues) return output.finish(queues.error());
    if (arguments.json || arguments.ndjson) return print(arguments, *queues, output);
    return output.finish(postmortem::to_text(*queues, style), queues->problems);
}

}  // namespace

const Command runq_command = {"runq", "which tasks wait for which CPU", syntax, ask, nullptr};

}  // namespace tool
