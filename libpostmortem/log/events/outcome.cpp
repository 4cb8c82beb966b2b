#include "log/events/outcome.h"

#include <algorithm>

#include "log/events/cause.h"
#include "log/events/gravity.h"

namespace postmortem {
namespace {

constexpr std::size_t lines_that_go_on = 100;

// Who is stalled: a CPU, a task that was preempted or sleeps, or nobody that the log names.
Outcome outcome_of_rcu_stall(const LogEvent& event) {
    const bool names_cpu = event.stall && !event.stall->cpus.empty();
    if (names_cpu || event.headline.find("self-detected") != std::string::npos) return Outcome::CpuStuck;
    if (event.stall && !event.stall->tasks.empty()) return Outcome::TaskSleeps;
    const bool shows_who_runs = event.ip || !event.frames.empty();  // in the grace-period kthread's stead
    return shows_who_runs ? Outcome::CpuStuck : Outcome::Unknown;
}

// What an event of its class does to whoever it hits, as long as no panic follows. Unknown: the kernel's
// configuration decides (BUG() or a warning), or the hardware.
Outcome outcome_of_class(const LogEvent& event) {
    // WARN() comes back, whatever it found; RCU's tasks flavours wait for tasks, and no CPU.
    if (event.headline.starts_with("WARNING: ")) return Outcome::WentOn;
    if (event.headline.find("rcu_tasks") != std::string::npos) return Outcome::Unknown;
    switch (event.event_class) {
        case EventClass::HungTask:
        case EventClass::WorkqueueLockup:
        case EventClass::SplPanic: return Outcome::TaskSleeps;
        case EventClass::SoftLockup:
        case EventClass::HardLockup: return Outcome::CpuStuck;
        case EventClass::RcuStall: return outcome_of_rcu_stall(event);
        // These panic() by themselves, or the CPU cannot go on.
        case EventClass::DoubleFault:
        case EventClass::InitKilled:
        case EventClass::RootMountFailure:
        case EventClass::SysrqCrash: return Outcome::Died;
        // The kernel reports these and returns.
        case EventClass::Warning:
        case EventClass::OtherWarning:
        case EventClass::OtherInfo:
        case EventClass::Kasan:
        case EventClass::Kmsan:
        case EventClass::Kfence:
        case EventClass::Kcsan:
        case EventClass::Ubsan:
        case EventClass::MemoryLeak:
        case EventClass::Lockdep:
        case EventClass::LockCorruption:
        case EventClass::SleepInAtomic:
        case EventClass::ScheduleInAtomic:
        case EventClass::Preemption:
        case EventClass::Refcount:
        case EventClass::SlabCorruption:
        case EventClass::BadPage:
        case EventClass::AllocationFailure:
        case EventClass::NetdeviceReference:
        case EventClass::FilesystemError:
        case EventClass::FilesystemShutdown:
        case EventClass::UnhandledIrq: return Outcome::WentOn;
        default: return Outcome::Unknown;
    }
}

class Teller {
  public:
    explicit Teller(LogAnalysis& analysis) : analysis_(analysis), events_(analysis.events) {}

    void run() {
        for (std::size_t i = 0; i < events_.size(); ++i) find_reason(i);
        for (std::size_t i = 0; i < events_.size(); ++i) tell(i);
        bool asked_for = false;  // by SysRq, because of the cause
        for (std::size_t i = 0; i < events_.size(); ++i) {
            if (!is_panic(events_[i]) || !events_[i].follows) continue;
            // Who asks for a dump of a machine that goes on kills it, whatever he asks because of.
            const bool is_asked_for = events_[i].event_class == EventClass::SysrqCrash;
            if (!is_asked_for) events_[*events_[i].follows].outcome = Outcome::Died;
            asked_for = asked_for || (is_asked_for && follows_cause(i));
        }
        analysis_.died = analysis_.cause && (asked_for || events_[*analysis_.cause].outcome == Outcome::Died);
        give_roles();
    }

    void give_roles() {
        for (std::size_t i = 0; i < events_.size(); ++i) events_[i].role = role_of(i);
    }

  private:
    void find_reason(std::size_t i) {
        LogEvent& event = events_[i];
        if (is_panic(event)) {
            event.follows = reason_of_panic(events_, i);
        } else if (i > 0 && events_[i - 1].event_class == EventClass::RustPanic &&
                   in_one_boot(events_[i - 1], event) && event.event_class == EventClass::KernelBug) {
            // rust_begin_unwind() ends in BUG() (rust/kernel/lib.rs).
            event.follows = i - 1;
        } else {
            event.follows = oops_that_it_exits_from(i);
        }
    }

    // A task that oopsed is sent to do_exit() as it is, with interrupts off or locks held, of which checkers
    // complain (kernel/exit.c, make_task_dead()).
    std::optional<std::size_t> oops_that_it_exits_from(std::size_t i) const {
        constexpr double soon = 10;  // seconds
        const LogEvent& event = events_[i];
        if (!event.pid || event.die_count || event.taint.find('D') == std::string::npos) return std::nullopt;
        const bool is_exiting =
            std::any_of(event.frames.begin(), event.frames.end(), [](const LogFrame& frame) {
                return frame.function == "do_exit" || frame.function == "make_task_dead" ||
                       frame.function == "rewind_stack_do_exit" ||
                       frame.function == "rewind_stack_and_make_dead";
            });
        for (std::size_t earlier = i; is_exiting && earlier-- > 0;) {
            const LogEvent& oops = events_[earlier];
            if (gravity(oops) != Gravity::Fatal || oops.pid != event.pid) continue;
            const bool is_soon = !oops.seconds || !event.seconds || *event.seconds - *oops.seconds <= soon;
            if (in_one_boot(oops, event) && is_soon) return earlier;
        }
        return std::nullopt;
    }

    void tell(std::size_t i) {
        LogEvent& event = events_[i];
        const bool is_oops = event.die_count || gravity(event) == Gravity::Fatal;
        event.first_oops_missing = misses_first_oops(i);
        if (is_panic(event) || event.outcome == Outcome::Died) {
            event.outcome = Outcome::Died;
        } else if (is_oops && outcome_of_class(event) != Outcome::Died) {
            event.outcome = outcome_of_oops(event);
        } else if (event.event_class != EventClass::OutOfMemory) {
            event.outcome = outcome_of_class(event);
            const bool may_go_on =
                event.outcome == Outcome::Unknown && event.event_class != EventClass::Reboot;
            if (may_go_on && log_goes_on(event)) event.outcome = Outcome::WentOn;
        }
    }

    bool log_goes_on(const LogEvent& event) const { return analysis_.lines > event.line + lines_that_go_on; }

    // The idle task and init cannot be killed; whoever else oopsed is gone, if the kernel lived to do it.
    Outcome outcome_of_oops(const LogEvent& event) const {
        if (event.pid && *event.pid <= 1) return Outcome::Died;
        const bool goes_on = event.outcome == Outcome::KilledTask || log_goes_on(event);
        return goes_on ? Outcome::KilledTask : Outcome::Unknown;
    }

    bool misses_first_oops(std::size_t i) const {
        const LogEvent& event = events_[i];
        const bool counts = event.die_count.value_or(1) > 1;
        const bool tainted = !event.die_count && event.taint.find('D') != std::string::npos;
        if (!counts && !tainted) return false;
        return std::none_of(events_.begin(), events_.begin() + static_cast<std::ptrdiff_t>(i),
                            [&](const LogEvent& earlier) {
                                return in_one_boot(earlier, event) &&
                                       (earlier.die_count || gravity(earlier) == Gravity::Fatal);
                            });
    }

    EventRole role_of(std::size_t i) const {
        const LogEvent& event = events_[i];
        if (!analysis_.died) return is_settled(event) ? EventRole::Survived : EventRole::Unsettled;
        const std::size_t cause = *analysis_.cause;
        const bool leads_to_death = is_panic(event) || gravity(event) == Gravity::Fatal;
        if (i == cause || (leads_to_death && follows_cause(i))) return EventRole::Killed;
        if (!in_one_boot(events_[std::min(i, cause)], events_[std::max(i, cause)])) {
            const bool died = event.outcome == Outcome::Died;  // in a boot of its own
            return died ? EventRole::Killed : EventRole::Survived;
        }
        if (after_panic(i)) return EventRole::Aftermath;
        const bool on_the_way = i > cause && gravity(event) == Gravity::Fatal;
        if (is_panic(event) || on_the_way) return EventRole::Killed;
        return gravity(event) >= Gravity::Corruption ? EventRole::Before : EventRole::Survived;
    }

    static bool is_settled(const LogEvent& event) {
        return event.outcome == Outcome::WentOn || event.outcome == Outcome::KilledTask;
    }

    bool after_panic(std::size_t i) const {
        return std::any_of(
            events_.begin(), events_.begin() + static_cast<std::ptrdiff_t>(i),
            [&](const LogEvent& earlier) { return is_panic(earlier) && in_one_boot(earlier, events_[i]); });
    }

    bool follows_cause(std::size_t i) const {
        auto at = events_[i].follows;
        while (at && *at < i) {
            if (*at == *analysis_.cause) return true;
            i = *at;
            at = events_[i].follows;
        }
        return false;
    }

    LogAnalysis& analysis_;
    std::vector<LogEvent>& events_;
};

}  // namespace

void tell_outcomes(LogAnalysis& analysis) {
    Teller(analysis).run();
}

void clear_escalations(std::span<LogEvent> events) {
    bool died = false;  // in this boot, before this event
    for (std::size_t i = 0; i < events.size(); ++i) {
        LogEvent& event = events[i];
        const bool is_first = i == 0 || events[i - 1].boot != event.boot;
        if (is_first) died = false;
        const bool follows = event.event_class == EventClass::Escalation && !is_first;
        // panic() prints no trace where an oops came before (kernel/panic.c, TAINT_DIE).
        const bool is_panic = event.headline.find("Kernel panic") != std::string::npos;
        if (follows || (died && is_panic && event.frames.empty())) {
            event.corrupted = false;
            event.corruption.clear();
        }
        died = died || event.die_count;
    }
}

void tell_death(LogAnalysis& analysis) {
    if (!analysis.cause) return;
    analysis.events[*analysis.cause].outcome = Outcome::Died;
    analysis.died = true;
    Teller(analysis).give_roles();
}

}  // namespace postmortem
