// Which event killed the machine: the first link of the chain that ends in the panic, not its last scream.
#pragma once

#include <optional>
#include <span>

#include <postmortem/log_analysis.h>

namespace postmortem {

/// Index of the cause; nothing where there are no events. What befell a kernel that kdump started, in one of
/// the `capture_boots` (ascending), counts where nothing befell the one before it.
std::optional<std::size_t> find_cause(std::span<const LogEvent> events,
                                      std::span<const std::size_t> capture_boots = {});

/// Whether one machine's one boot saw both: `later` stands behind `earlier` in the log, its clock does not
/// stand before it.
bool in_one_boot(const LogEvent& earlier, const LogEvent& later);

/// Index of what the panic at that index follows from; nothing where it is itself the reason.
std::optional<std::size_t> reason_of_panic(std::span<const LogEvent> events, std::size_t panic);

}  // namespace postmortem
