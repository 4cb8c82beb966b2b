// Arithmetic on the rows of an OOM event, for those who judge and those who print: how large a page is, what
// a row weighs.
#pragma once

#include <cstdint>

#include <postmortem/oom.h>

namespace postmortem::oom {

/// Bytes of a page: from the report, else from a process whose size it gives in both units, else assumed.
struct PageSize {
    std::uint64_t kib = 4;
    bool assumed = false;
};
PageSize page_size(const OomEvent& event);

/// Pages that a row of the table stands for when the kernel weighs it: rss, swap and page tables; total_vm
/// for kernels before 2.6.36, which went by that.
std::uint64_t weighed_pages(const OomTask& task, PageSize page);
bool weighs_by_total_vm(const OomTaskTable& table);

/// OOM_SCORE_ADJ_MIN: such a process is never chosen.
constexpr std::int64_t exempt = -1000;
/// oom_score_adj, or the older oom_adj on its scale.
std::int64_t adjustment(const OomTask& task);

}  // namespace postmortem::oom
