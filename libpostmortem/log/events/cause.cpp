#include "log/events/cause.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include "log/events/gravity.h"
#include "log/events/log_clock.h"

namespace postmortem {
namespace {

using Index = std::optional<std::size_t>;

bool within(const LogEvent& earlier, const LogEvent& later, double seconds) {
    return !earlier.seconds || !later.seconds || *later.seconds - *earlier.seconds <= seconds;
}

// Looks back from an event, within its boot.
class History {
  public:
    History(std::span<const LogEvent> events, std::size_t end) : events_(events), end_(end) {}

    template <class Predicate>
    Index nearest(Predicate matches) const {
        for (std::size_t i = end_; i-- > 0 && events_[i].boot == events_[end_].boot;) {
            const bool matters = in_one_boot(events_[i], events_[end_]) && !is_panic(events_[i]);
            if (matters && matches(events_[i])) return i;
        }
        return std::nullopt;
    }

    Index nearest_of(std::initializer_list<EventClass> classes) const {
        return nearest([&](const LogEvent& event) {
            return std::find(classes.begin(), classes.end(), event.event_class) != classes.end();
        });
    }

    // The first of several events of one class that came together.
    Index first_of_group(EventClass event_class, double seconds) const {
        Index first = nearest_of({event_class});
        while (first) {
            const History before(events_, *first);
            const Index earlier = before.nearest_of({event_class});
            if (!earlier || !within(events_[*earlier], events_[end_], seconds)) break;
            first = earlier;
        }
        return first;
    }

    // The one that was still being told, or had just been.
    Index oops_just_before() const {
        constexpr std::size_t lines_of_report = 120;
        const LogEvent& end = events_[end_];
        return nearest([&](const LogEvent& event) {
            const bool is_near = event.seconds && end.seconds ? within(event, end, 2)
                                                              : end.line - event.line <= lines_of_report;
            return gravity(event) == Gravity::Fatal && is_near;
        });
    }

    // From the oops that ended it all to the one that began it; an oops leaves locks held and data half
    // changed, so whatever follows it soon is suspect.
    Index first_oops() const {
        Index oops = nearest([](const LogEvent& event) { return gravity(event) == Gravity::Fatal; });
        while (oops) {
            const LogEvent& here = events_[*oops];
            const Index earlier = History(events_, *oops).nearest([](const LogEvent& event) {
                return gravity(event) == Gravity::Fatal;
            });
            const double soon = here.die_count.value_or(1) > 1 ? 60 : 10;  // seconds
            if (!earlier || !within(events_[*earlier], here, soon)) break;
            oops = earlier;
        }
        if (!oops) return std::nullopt;
        return with_evidence(*oops);
    }

    // Corruption that a checker found moments before says more than the fault that it led to.
    std::size_t with_evidence(std::size_t fault) const {
        const Index evidence = History(events_, fault).nearest([](const LogEvent& event) {
            return gravity(event) >= Gravity::Warning;
        });
        if (!evidence || gravity(events_[*evidence]) != Gravity::Corruption) return fault;
        return within(events_[*evidence], events_[fault], 5) ? *evidence : fault;
    }

  private:
    std::span<const LogEvent> events_;
    std::size_t end_;
};

bool says(const LogEvent& event, std::string_view words) {
    return event.headline.find(words) != std::string::npos;
}

Index reason_of_escalation(const LogEvent& panic, const History& history) {
    if (says(panic, "panic_on_warn")) {
        return history.nearest([](const LogEvent& event) {
            return gravity(event) == Gravity::Warning || gravity(event) == Gravity::Corruption ||
                   event.event_class == EventClass::HardLockup;
        });
    }
    if (says(panic, "hung_task")) {
        const Index spl = history.nearest_of({EventClass::SplPanic});
        return spl ? spl : history.first_of_group(EventClass::HungTask, 10);
    }
    if (says(panic, "kasan")) return history.nearest_of({EventClass::Kasan});
    if (says(panic, "kfence")) return history.nearest_of({EventClass::Kfence});
    if (says(panic, "ubsan")) return history.nearest_of({EventClass::Ubsan});
    if (says(panic, "kcsan")) return history.nearest_of({EventClass::Kcsan});
    if (says(panic, "softlockup")) return history.nearest_of({EventClass::SoftLockup});
    if (says(panic, "Hard LOCKUP")) return history.nearest_of({EventClass::HardLockup});
    if (says(panic, "RCU Stall")) return history.first_of_group(EventClass::RcuStall, 5);
    if (says(panic, "kmsan")) return history.nearest_of({EventClass::Kmsan});
    if (says(panic, "workqueue")) return history.nearest_of({EventClass::WorkqueueLockup});
    if (says(panic, "forced after error")) {
        return history.nearest_of({EventClass::FilesystemError, EventClass::FilesystemShutdown});
    }
    const Index oops = history.first_oops();
    return oops ? oops
                : history.nearest_of(
                      {EventClass::CfiFailure, EventClass::MachineCheck, EventClass::HardwareError});
}

// panic() prints no stack where an oops came before (kernel/panic.c, TAINT_DIE).
bool shows_that_oops_came_before(const LogEvent& panic) {
    return panic.frames.empty() && !panic.pid && panic.comm.empty();
}

// What stands behind a panic that names a reason of its own.
Index reason_behind(const LogEvent& panic, const History& history) {
    switch (panic.event_class) {
        case EventClass::OutOfMemory: return history.nearest_of({EventClass::OutOfMemory});
        case EventClass::HardLockup: return history.nearest_of({EventClass::HardLockup});
        case EventClass::MachineCheck: return history.first_of_group(EventClass::MachineCheck, 5);
        case EventClass::HardwareError: return history.first_of_group(EventClass::HardwareError, 5);
        case EventClass::StackOverflow: return history.nearest_of({EventClass::StackOverflow});
        // Who asks for a dump of a kernel that has oopsed asks for it because of that.
        case EventClass::SysrqCrash: return history.first_oops();
        case EventClass::InitKilled:
            return history.nearest([&](const LogEvent& event) {
                const bool is_inits =
                    event.pid ? *event.pid == 1 : event.comm.empty() && shows_that_oops_came_before(panic);
                return gravity(event) == Gravity::Fatal && is_inits && within(event, panic, 10);
            });
        // An oops from which the machine could not go on: the next CPU, or the oops's own end, gave up.
        case EventClass::Panic:
            return shows_that_oops_came_before(panic) ? history.oops_just_before() : std::nullopt;
        default: return std::nullopt;
    }
}

// The boot that matters is that of the last panic, else of the last oops, else any.
Index last_crash(std::span<const LogEvent> events, std::span<const std::size_t> passed_over) {
    Index oopsed;
    for (std::size_t i = events.size(); i-- > 0;) {
        if (std::binary_search(passed_over.begin(), passed_over.end(), events[i].boot)) continue;
        if (is_panic(events[i])) return i;
        if (!oopsed && gravity(events[i]) == Gravity::Fatal) oopsed = i;
    }
    return oopsed;
}

}  // namespace

bool in_one_boot(const LogEvent& earlier, const LogEvent& later) {
    if (earlier.boot != later.boot) return false;
    if (!earlier.host.empty() && !later.host.empty() && earlier.host != later.host) return false;
    return !earlier.seconds || !later.seconds || !is_back(*earlier.seconds, *later.seconds);
}

std::optional<std::size_t> reason_of_panic(std::span<const LogEvent> events, std::size_t panic) {
    const History history(events, panic);
    const bool escalated = events[panic].event_class == EventClass::Escalation;
    return escalated ? reason_of_escalation(events[panic], history) : reason_behind(events[panic], history);
}

std::optional<std::size_t> find_cause(std::span<const LogEvent> events,
                                      std::span<const std::size_t> capture_boots) {
    Index crash = last_crash(events, capture_boots);
    if (!crash) crash = last_crash(events, {});
    const auto in_boot = [&](std::size_t i) {
        if (!crash) return true;
        return in_one_boot(events[std::min(i, *crash)], events[std::max(i, *crash)]);
    };
    // What follows the first panic is its aftermath.
    for (std::size_t i = 0; i < events.size(); ++i) {
        if (!in_boot(i) || !is_panic(events[i])) continue;
        return reason_of_panic(events, i).value_or(i);
    }
    Index gravest;
    for (std::size_t i = 0; i < events.size(); ++i) {
        if (!in_boot(i)) continue;
        if (!gravest || gravity(events[i]) > gravity(events[*gravest])) gravest = i;
    }
    if (gravest && gravity(events[*gravest]) == Gravity::Fatal) {
        return History(events, *gravest).with_evidence(*gravest);
    }
    return gravest;
}

}  // namespace postmortem
