#include <postmortem/render.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {

void describe(Describer<CrashReport>& report) {
    report.is_document();
    report.add("system", &CrashReport::system, "as `sys` has it").as(system_summary());
    report.add("cause", &CrashReport::cause, "what killed it, by the log; `panic` tells more")
        .as(event_summary());
    report.add("hang", &CrashReport::hang, "what held the machine up; `hang` tells more").or_left_out();
    report.add("panic_task", &CrashReport::panic_task, "that the crashed CPU was running");
    report.add("panic_backtrace", &CrashReport::panic_backtrace, "its own");
    report.add("other_cpus", &CrashReport::other_cpus, "what the other CPUs were running, by CPU");
    report.add("last_records", &CrashReport::last_records, "the end of the log");
    add_problems(report);
}

std::string to_json(const CrashReport& report) {
    return json_document(report);
}

}  // namespace postmortem
