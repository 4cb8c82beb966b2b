// Which event killed the machine: the first link of the chain that ends in the panic, not its last scream.
#pragma once

#include <optional>
#include <span>

#include <postmortem/log_analysis.h>

namespace postmortem {

/// Index of the cause; nothing where there are no events.
std::optional<std::size_t> find_cause(std::span<const LogEvent> events);

/// Whether one machine's one boot saw both: `later` stands behind `earlier` in the log, its clock does not
/// stand before it.
bool in_one_boot(const LogEvent& earlier, const LogEvent& later);

/// Index of what the panic at that index follows from; nothing where it is itself the reason.
std::optional<std::size_t> reason_of_panic(std::span<const LogEvent> events, std::size_t panic);

}  // namespace postmortem
