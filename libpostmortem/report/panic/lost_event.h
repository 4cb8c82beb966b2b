// The event that killed a kernel whose log is lost, told from the panic task's backtrace.
#pragma once

#include <optional>
#include <string_view>

#include <postmortem/log_analysis.h>
#include <postmortem/panic.h>

#include "arch/arch.h"
#include "kernel/kernel.h"

namespace postmortem {

/// Whether the kernel died of something that it told of before, and of which this is all that the log still
/// has: the end of an oops or of a WARN().
bool is_all_that_is_left(const LogEvent* cause);

/// What killed it as the stack tells, where the log does not or has but its end (`of_log`, which may be
/// null). `evidence` has the task and its backtrace.
std::optional<LogEvent> cause_on_stack(const Kernel& kernel, const PanicEvidence& evidence,
                                       const LogEvent* of_log);

/// `fault_address`: what the task's last page fault was about. Nothing where the backtrace does not tell of a
/// death.
std::optional<LogEvent> event_from_backtrace(const PanicEvidence& evidence, const FaultWords& words,
                                             std::string_view release,
                                             std::optional<std::uint64_t> fault_address);

}  // namespace postmortem
