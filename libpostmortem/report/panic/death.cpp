#include "report/panic/death.h"

#include <algorithm>

#include "report/backtrace/panic_task.h"

namespace postmortem {
namespace {

bool leads_to_the_end(const Frame& frame) {
    return frame.trust != FrameTrust::Scan && ends_the_kernel(frame.function);
}

}  // namespace

bool is_in_its_end(const Backtrace& trace) {
    return std::any_of(trace.frames.begin(), trace.frames.end(), leads_to_the_end);
}

// An oops that kdump answers says nothing of its end: die() goes to crash_kexec(), which does not return. The
// task is still in there, which its stack shows, or, where the unwind tables lack that call, its CPU's number
// alone.
bool machine_died_of(const LogEvent& cause, const PanicEvidence& evidence,
                     std::optional<std::uint32_t> panicked_cpu) {
    if (!evidence.backtrace || !evidence.task) return false;
    if (cause.pid && std::int64_t{*cause.pid} != evidence.task->pid) return false;
    if (!cause.pid && cause.cpu && evidence.backtrace->cpu != cause.cpu) return false;
    if (panicked_cpu && cause.cpu == panicked_cpu && evidence.backtrace->cpu == panicked_cpu) return true;
    return is_in_its_end(*evidence.backtrace);
}

}  // namespace postmortem
