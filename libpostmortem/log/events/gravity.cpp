#include "log/events/gravity.h"

#include <algorithm>

namespace postmortem {
namespace {

Gravity gravity_of_class(EventClass event_class) {
    switch (event_class) {
        case EventClass::OutOfMemory:
        case EventClass::AllocationFailure:
        case EventClass::HardwareError:
        case EventClass::NetdeviceReference:
        case EventClass::FilesystemError:
        case EventClass::FilesystemShutdown:
        case EventClass::Reboot:
        case EventClass::OtherInfo: return Gravity::Notice;
        case EventClass::Warning:
        case EventClass::UnhandledIrq:
        case EventClass::Kcsan:
        case EventClass::Ubsan:
        case EventClass::MemoryLeak:
        case EventClass::Lockdep:
        case EventClass::SleepInAtomic:
        case EventClass::Preemption:
        case EventClass::ScheduleInAtomic:
        case EventClass::OtherBug:
        case EventClass::OtherWarning: return Gravity::Warning;
        case EventClass::Kasan:
        case EventClass::Kmsan:
        case EventClass::Kfence:
        case EventClass::LockCorruption:
        case EventClass::Refcount:
        case EventClass::ListCorruption:
        case EventClass::SlabCorruption:
        case EventClass::BadPage:
        case EventClass::UserCopy:
        case EventClass::CfiFailure:
        case EventClass::StackCorruption: return Gravity::Corruption;
        case EventClass::SoftLockup:
        case EventClass::HardLockup:
        case EventClass::RcuStall:
        case EventClass::HungTask:
        case EventClass::SplPanic:
        case EventClass::WorkqueueLockup: return Gravity::Stall;
        case EventClass::Panic:
        case EventClass::Escalation:
        case EventClass::InitKilled:
        case EventClass::RootMountFailure: return Gravity::Panic;
        default: return Gravity::Fatal;
    }
}

}  // namespace

// Whatever it was, an event that counts as an oops killed its task at least; some kill the machine by nature.
Gravity gravity(const LogEvent& event) {
    const Gravity own = gravity_of_class(event.event_class);
    const bool is_fatal = event.die_count || event.outcome == Outcome::Died;
    return is_fatal ? std::max(own, Gravity::Fatal) : own;
}

bool is_panic(const LogEvent& event) {
    return event.headline.find("Kernel panic") != std::string::npos ||
           event.event_class == EventClass::Escalation;
}

}  // namespace postmortem
