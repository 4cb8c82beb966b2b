// The descriptors of interrupt lines: kernel/irq/irqdesc.c. In a tree by number (CONFIG_SPARSE_IRQ): a radix
// tree until 6.4, a maple tree since (721255b9826b); else an array.
#pragma once

#include <cstdint>
#include <functional>

#include "kernel/kernel.h"

namespace postmortem {

/// Calls `visit` with the number and the address of each struct irq_desc, by number; `broken` is told what
/// cannot be read.
void for_each_irq(const Kernel& kernel,
                  const std::function<void(std::uint64_t number, std::uint64_t descriptor)>& visit,
                  const std::function<void(Error)>& broken);

/// One more than the highest number that there can be (nr_irqs, or its successor of 6.13).
Result<std::uint32_t> irq_limit(const Kernel& kernel);

}  // namespace postmortem
