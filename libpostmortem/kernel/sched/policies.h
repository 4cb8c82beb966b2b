// Scheduling policies by name and number (include/uapi/linux/sched.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "types/type_finder.h"

namespace postmortem {

/// "FIFO", in either case, or "1"; nothing where there is no such policy.
std::optional<std::uint64_t> scheduling_policy(std::string_view word);

/// False for one that came after this kernel.
bool kernel_has_policy(const TypeFinder& types, std::uint64_t policy);

/// "FIFO"; "UNKNOWN" as crash has it.
std::string_view policy_name(std::uint64_t policy);

/// task->policy without SCHED_RESET_ON_FORK, which was a bit of it until 2.6.39 (ca94c442535a).
std::uint64_t plain_policy(std::uint64_t policy);

}  // namespace postmortem
