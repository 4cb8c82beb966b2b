// Whether the machine died of an event of which the log tells no end.
#pragma once

#include <cstdint>
#include <optional>

#include <postmortem/panic.h>

namespace postmortem {

/// Whether the task is in panic() or crash_kexec().
bool is_in_its_end(const Backtrace& trace);

/// `panicked_cpu`: the one that went into panic() or crash_kexec(), by the kernel's own variables.
bool machine_died_of(const LogEvent& cause, const PanicEvidence& evidence,
                     std::optional<std::uint32_t> panicked_cpu);

}  // namespace postmortem
