// The per-CPU variable `runqueues`, found without its name and without types by what it holds.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "memory/address_space.h"

namespace postmortem {

/// What other tables of the kernel tell of where it lies.
struct PerCpuSurroundings {
    std::uint64_t near = 0;              ///< a per-CPU variable
    std::vector<std::uint64_t> offsets;  ///< __per_cpu_offset of each possible CPU
    std::uint64_t init_task = 0;         ///< the idle task of CPU 0
    std::optional<std::uint32_t> idle;   ///< where struct rq keeps that, as far as types are known
};

/// struct rq holds its own address (in cfs.rq with CONFIG_FAIR_GROUP_SCHED, rt.rq, hrtick_csd.info …, more
/// than the structs in it hold theirs), and side by side what its CPU runs when it has nothing else to do and
/// who stops it: "swapper/N" and "migration/N" (kernel/sched/sched.h, 3.2 on). Nothing where no place, or
/// more than one, is like that on all CPUs.
std::optional<std::uint64_t> find_runqueues(const AddressSpace& memory,
                                            const PerCpuSurroundings& surroundings);

}  // namespace postmortem
