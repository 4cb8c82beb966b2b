#include "report/hang/hang_cpus.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "kernel/panic/watchdog.h"
#include "report/hang/hang_limits.h"
#include "report/run_queues/run_queues.h"
#include "report/tasks/task_mention.h"

namespace postmortem {
namespace {

constexpr std::int32_t first_fair_priority = 100;  // MAX_RT_PRIO (include/linux/sched/prio.h)

bool has_any(const std::vector<std::string>& functions, std::initializer_list<std::string_view> names) {
    return std::any_of(functions.begin(), functions.end(), [&](const std::string& name) {
        return std::find(names.begin(), names.end(), name) != names.end();
    });
}

// A CPU that panic() or a reboot has stopped stands still by order. Where kdump follows, all of them end at
// once, and what came before is to be seen.
bool was_stopped(const std::vector<std::string>& functions) {
    if (has_any(functions, {"crash_kexec", "__crash_kexec", "machine_kexec"})) return false;
    return has_any(functions, {"stop_this_cpu", "panic", "vpanic", "panic_smp_self_stop",
                               "nmi_panic_self_stop", "ipi_cpu_stop", "local_cpu_stop", "cpu_park_loop"});
}

class CpuFinder {
  public:
    CpuFinder(const Kernel& kernel, const TaskTable& table, HangTasks& tasks, std::uint64_t now,
              const Result<GracePeriod>& grace_period, ProblemCollector& problems)
        : table_(table), tasks_(tasks), latest_(now), grace_period_(grace_period) {
        auto queues = make_run_queues(kernel);
        if (!queues) {
            problems.add("the run queues", queues.error());
            return;
        }
        queues_ = std::move(*queues);
        for (const Error& problem : queues_.problems) problems.add(problem);
        auto watchdog = read_watchdog(kernel, now, problems);
        if (watchdog) watchdog_ = std::move(*watchdog);
    }

    std::vector<HangCpu> run() {
        std::vector<HangCpu> found;
        for (const CpuRunQueue& cpu : queues_.cpus) {
            if (!cpu.online || !cpu.current || cpu.current->pid == 0) continue;
            HangCpu made;
            made.cpu = cpu.cpu;
            add_waiting(cpu, made);
            if (!is_hung(cpu, made)) continue;
            if (const Task* task = table_.by_address(cpu.current_task)) {
                made.task = mention(*task);
                if (was_stopped(tasks_.functions_of(*task))) continue;
                made.functions = tasks_.own_functions_of(*task);
            }
            found.push_back(std::move(made));
        }
        return found;
    }

  private:
    double seconds_since(std::optional<std::uint64_t> ns) const {
        return ns && *ns < latest_ ? static_cast<double>(latest_ - *ns) * 1e-9 : 0;
    }

    // Of what really is in line: what a throttled group keeps back does not wait for the CPU.
    void add_waiting(const CpuRunQueue& cpu, HangCpu& made) const {
        for (const auto* queue : {&cpu.stop, &cpu.deadline, &cpu.realtime, &cpu.fair}) {
            if (!*queue) continue;
            for (const RunQueueRow& row : (*queue)->rows) {
                if (!row.task || row.dequeued || row.task->current || !row.task->waiting_ns) continue;
                // Not by its own clock, which stands as long as the CPU gets no interrupts.
                const double seconds = seconds_since(row.task->queued_since_ns);
                if (made.waiting_seconds && *made.waiting_seconds >= seconds) continue;
                made.waiting = TaskMention{row.task->pid, row.task->task, cpu.cpu, row.task->comm};
                made.waiting_seconds = seconds;
            }
        }
    }

    bool is_hung(const CpuRunQueue& cpu, HangCpu& made) const {
        const double lag = seconds_since(cpu.clock_ns);
        const double ran = seconds_since(cpu.current->last_run_ns);
        const double silent = silence_of(cpu.cpu);
        const bool soft = watchdog_.threshold_seconds && *watchdog_.threshold_seconds > 0 &&
                          silent > static_cast<double>(2 * *watchdog_.threshold_seconds);
        const bool held_up = holds_up_grace_period(cpu.cpu);
        const bool deaf = lag >= long_seconds || (lag >= deaf_seconds && held_up);
        const bool realtime = cpu.current->priority && *cpu.current->priority < first_fair_priority;
        // The stopper comes in between, and what a real-time task ran before that is not known.
        const bool greedy =
            made.waiting_seconds.value_or(0) >= long_seconds && (ran >= long_seconds || realtime);
        if (!deaf && !soft && !greedy) return false;
        made.seconds = deaf ? lag : !greedy ? silent : realtime ? made.waiting_seconds : ran;
        made.trouble = deaf                 ? "takes no interrupts"
                       : realtime && greedy ? "real-time task"
                                            : "does not schedule";
        if (deaf)
            made.because.push_back(
                fmt::format("its runqueue's clock is {:.1f} s behind the latest, though it was not idle: "
                            "timer interrupts did not come",
                            lag));
        if (held_up)
            made.because.push_back(
                fmt::format("RCU's grace period, which began {:.1f} s ago, waits for it (rcu_node.qsmask)",
                            *grace_period_->seconds));
        if (soft)
            made.because.push_back(
                fmt::format("its watchdog has not run for {:.1f} s (watchdog_touch_ts); the soft lockup "
                            "detector allows {} s",
                            silent, 2 * *watchdog_.threshold_seconds));
        if (cpu.current->last_run_ns)
            made.because.push_back(
                fmt::format("{} (pid {}, prio {}) has been on it for {:.1f} s (sched_info.last_arrival)",
                            cpu.current->comm, cpu.current->pid,
                            cpu.current->priority ? fmt::format("{}", *cpu.current->priority) : "?", ran));
        if (made.waiting)
            made.because.push_back(
                fmt::format("{} (pid {}) has waited for it for {:.1f} s (sched_info.last_queued)",
                            made.waiting->comm, made.waiting->pid, *made.waiting_seconds));
        return true;
    }

    bool holds_up_grace_period(std::uint32_t cpu) const {
        if (!grace_period_ || grace_period_->seconds.value_or(0) < deaf_seconds) return false;
        return std::find(grace_period_->cpus.begin(), grace_period_->cpus.end(), cpu) !=
               grace_period_->cpus.end();
    }

    double silence_of(std::uint32_t cpu) const {
        for (const auto& one : watchdog_.cpus)
            if (one.cpu == cpu) return one.silent_seconds.value_or(0);
        return 0;
    }

    const TaskTable& table_;
    HangTasks& tasks_;
    RunQueues queues_;
    WatchdogState watchdog_;
    std::uint64_t latest_;
    const Result<GracePeriod>& grace_period_;
};

}  // namespace

std::vector<HangCpu> find_hung_cpus(const Kernel& kernel, const TaskTable& table, HangTasks& tasks,
                                    std::uint64_t now, const Result<GracePeriod>& grace_period,
                                    ProblemCollector& problems) {
    return CpuFinder(kernel, table, tasks, now, grace_period, problems).run();
}

}  // namespace postmortem
