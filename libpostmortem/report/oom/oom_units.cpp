#include "report/oom/oom_units.h"

#include <algorithm>

namespace postmortem::oom {

PageSize page_size(const OomEvent& event) {
    if (event.memory.page_size_kib) return {*event.memory.page_size_kib, false};
    for (const OomVictim& victim : event.victims) {
        const OomTask* const row = event.task_table.find(victim.pid);
        if (row == nullptr || !victim.total_vm_kib || row->total_vm_pages.value_or(0) == 0) continue;
        const std::uint64_t kib = *victim.total_vm_kib / *row->total_vm_pages;
        if ((kib == 4 || kib == 8 || kib == 16 || kib == 64) &&
            kib * *row->total_vm_pages == *victim.total_vm_kib)
            return {kib, false};
    }
    return {4, true};
}

bool weighs_by_total_vm(const OomTaskTable& table) {
    const auto has = [&](std::string_view column) {
        return std::find(table.columns.begin(), table.columns.end(), column) != table.columns.end();
    };
    return has("oom_adj") && !has("oom_score_adj");
}

std::uint64_t weighed_pages(const OomTask& task, PageSize page) {
    if (task.oom_adj && !task.oom_score_adj) return task.total_vm_pages.value_or(0);
    std::uint64_t pages = task.rss_pages.value_or(0) + task.swap_pages.value_or(0);
    if (task.page_table_bytes)
        pages += *task.page_table_bytes / (page.kib * 1024);
    else
        pages += task.page_table_pages.value_or(0);
    return pages;
}

std::int64_t adjustment(const OomTask& task) {
    if (task.oom_score_adj) return *task.oom_score_adj;
    if (!task.oom_adj) return 0;
    if (*task.oom_adj <= -17) return exempt;  // OOM_DISABLE
    return std::clamp<std::int64_t>(*task.oom_adj, -16, 15) * 1000 / 17;
}

}  // namespace postmortem::oom
