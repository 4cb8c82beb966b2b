// What to do where a report is lost or torn: where the whole of it may be, whose process it was, how the next
// one is kept.
#include <fmt/format.h>

#include "report/oom/oom_platform.h"
#include "report/oom/oom_verdict.h"

namespace postmortem::oom {
namespace {

bool lacks_cause(const OomEvent& event) {
    if (event.scope == OomScope::Memcg) return event.memcg.usage.empty();
    return !event.has_mem_info;
}

std::string whole_report(const Platform& platform) {
    if (platform.systemd() == false)
        return "look for the whole report in front of this line: dmesg, /var/log/messages or kern.log of the "
               "time, a serial console";
    return "look for the whole report in front of this line: journalctl -k (with -b -1 for the boot before), "
           "dmesg, /var/log/messages or kern.log of the time, a serial console";
}

std::string owner_of(const OomVictim& victim, const Platform& platform) {
    if (platform.kubernetes())
        return "kubectl get pods -A -o wide and kubectl describe pod show on that node which container was "
               "OOMKilled (exit code 137) at that time";
    if (platform.systemd() == false)
        return fmt::format("its own log and its parent's tell what {} (pid {}) was part of", victim.comm,
                           victim.pid);
    return fmt::format(
        "journalctl _PID={} shows which unit {} belonged to; a container's end is told by its runtime (exit "
        "code "
        "137, OOMKilled)",
        victim.pid, victim.comm);
}

std::string keep_the_next(const OomEvent& event, const Platform& platform) {
    std::string text = "to keep the next report:";
    if (platform.systemd() != false) text += " a persistent journal (Storage=persistent in journald.conf),";
    text += " a larger log buffer (log_buf_len=) or a console on another machine (netconsole, serial)";
    // CONFIG_SYSCTL, 2.6.25 (fef1bdd68c81).
    if (event.scope != OomScope::Memcg && !platform.before(2, 6, 25)) text += ", vm.oom_dump_tasks=1";
    return text;
}

}  // namespace

void suggest_steps_for_lost_parts(const OomEvent& event, OomVerdict& verdict) {
    if (event.is_scene || event.sysrq) return;
    const Platform platform(event);
    auto& steps = verdict.next_steps;
    if (lacks_cause(event)) {
        steps.push_back(whole_report(platform));
        if (!event.victims.empty() && !event.memcg.task_path && !event.has_task_table)
            steps.push_back(owner_of(event.victims.front(), platform));
        steps.push_back(keep_the_next(event, platform));
    } else if (event.has_header && !event.has_task_table && !event.victims.empty() &&
               !platform.before(2, 6, 25)) {
        steps.emplace_back(
            "the report has no table of processes: with vm.oom_dump_tasks=1 the next one shows who was "
            "large");
    }
}

}  // namespace postmortem::oom
