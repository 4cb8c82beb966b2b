// How this kernel's OOM killer weighs a process: oom_badness() of mm/oom_kill.c and proc_oom_score() of
// fs/proc/base.c, which changed several times. Which rule holds is asked from the dump itself.
#pragma once

#include <cstdint>
#include <optional>

#include "kernel/kernel.h"

namespace postmortem {

struct OomRule {
    /// Badness may be below zero, and oom_score is (1000 + badness * 1000 / totalpages) * 2 / 3: since 5.9
    /// (9066e5cfb73c). Before, badness is 1 at least, and oom_score its share of totalpages in thousandths.
    bool is_signed = true;
    /// The counters of an mm are summed over all CPUs: 7.0 and later. Else what CPUs and threads have not yet
    /// handed in is not seen.
    bool exact_counters = false;
    /// Processes with CAP_SYS_ADMIN are spared 3 %: until 4.16 (removed by d46078b28889).
    bool root_bonus = false;
    /// Badness is in thousandths of totalpages rather than in pages: 2.6.36 to 3.4 (a7f638f999ff).
    bool in_thousandths = false;
    /// A child of vfork() is passed by while it shares its parent's memory: 4.8 and later (b18dc5f291c0).
    bool spares_vfork = true;
    /// There is oom_score_adj at all: since 2.6.36 (a63d83f427fb). Before, points came from total_vm, run
    /// time and oom_adj; they are not computed.
    bool has_score_adj = true;
    /// False where the types do not tell the last of these.
    bool is_known = true;
};

OomRule read_oom_rule(const Kernel& kernel);

/// What a process brings to the scale: all in pages but the page tables.
struct OomWeight {
    std::uint64_t rss = 0;
    std::uint64_t swap = 0;
    std::uint64_t page_table_bytes = 0;
    std::int32_t score_adj = 0;  ///< -1000 to 1000
    bool is_admin = false;       ///< CAP_SYS_ADMIN in the initial user namespace
};

/// oom_badness() of a process that may be killed: in pages, or as the rule says.
std::int64_t oom_badness(const OomRule& rule, const OomWeight& weight, std::uint64_t total_pages,
                         std::uint64_t page_size);

/// /proc/PID/oom_score for that badness; 0 where the process may not be killed.
std::uint64_t oom_score(const OomRule& rule, std::optional<std::int64_t> badness, std::uint64_t total_pages);

}  // namespace postmortem
