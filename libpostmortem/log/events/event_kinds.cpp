#include "log/events/event_kinds.h"

namespace postmortem {

bool may_die(EventClass event_class) {
    switch (event_class) {
        case EventClass::Warning:
        case EventClass::Lockdep:
        case EventClass::Refcount:
        case EventClass::SleepInAtomic:
        case EventClass::ScheduleInAtomic:
        case EventClass::Preemption:
        case EventClass::Kcsan:
        case EventClass::MemoryLeak:
        case EventClass::HungTask:
        case EventClass::RcuStall:
        case EventClass::WorkqueueLockup:
        case EventClass::UnhandledIrq:
        case EventClass::OutOfMemory:
        case EventClass::AllocationFailure:
        case EventClass::NetdeviceReference:
        case EventClass::FilesystemError:
        case EventClass::FilesystemShutdown:
        case EventClass::SplPanic:
        case EventClass::OtherWarning:
        case EventClass::OtherInfo: return false;
        default: return true;
    }
}

bool stalls_cpu(EventClass event_class) {
    return event_class == EventClass::HardLockup || event_class == EventClass::SoftLockup ||
           event_class == EventClass::RcuStall;
}

bool comes_again(EventClass event_class) {
    switch (event_class) {
        case EventClass::NetdeviceReference:
        case EventClass::HardwareError:
        case EventClass::MachineCheck:
        case EventClass::FilesystemShutdown:
        case EventClass::WorkqueueLockup:
        case EventClass::UnhandledIrq: return true;
        default: return false;
    }
}

}  // namespace postmortem
