// The answer to `report`: one screen that goes into a ticket.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <postmortem/backtrace.h>
#include <postmortem/hang_verdict.h>
#include <postmortem/kernel_log.h>
#include <postmortem/log_analysis.h>
#include <postmortem/problem.h>
#include <postmortem/system_info.h>
#include <postmortem/task_list.h>

namespace postmortem {

struct CrashReport {
    SystemInfo system;  ///< its problems are among the report's
    std::optional<LogEvent> cause;  ///< what killed it, by the log; `panic` tells more
    std::optional<HangVerdict> hang;  ///< what held the machine up, where something did; `hang` tells more
    std::optional<TaskInfo> panic_task;
    std::optional<Backtrace> panic_backtrace;
    std::vector<Backtrace> other_cpus;       ///< what the other CPUs were running, by CPU
    std::vector<PrintkRecord> last_records;  ///< the end of the log
    Problems problems;
};

}  // namespace postmortem
