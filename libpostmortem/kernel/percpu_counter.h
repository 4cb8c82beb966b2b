// struct percpu_counter (include/linux/percpu_counter.h): a number that each CPU counts for itself most of
// the time.
#pragma once

#include "kernel/kernel.h"

namespace postmortem {

/// The exact sum, as percpu_counter_sum() makes it. May be below zero for a moment.
Result<std::int64_t> percpu_counter_sum(const Kernel& kernel, const Object& counter);

/// The approximation that percpu_counter_read() gives: what has been added up already.
Result<std::int64_t> percpu_counter_read(const Object& counter);

}  // namespace postmortem
