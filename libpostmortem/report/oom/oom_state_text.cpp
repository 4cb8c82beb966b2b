// The memory side of `oom` for a dump: the verdict on top, then the sum, then the processes.
#include <algorithm>

#include <postmortem/render.h>
#include <postmortem/render_oom.h>

#include "report/oom/oom_text.h"

namespace postmortem {
namespace {

// The columns of the kernel's own table, and what the table of a dump's processes calls them.
std::string sort_key(const std::string& column) {
    struct Column {
        std::string_view kernels, ours;
    };
    static constexpr Column columns[] = {{"", "held"},
                                         {"total_vm", "vsz"},
                                         {"rss_anon", "anon"},
                                         {"rss_file", "file"},
                                         {"rss_shmem", "shmem"},
                                         {"swapents", "swap"},
                                         {"pgtables_bytes", "pgtables"},
                                         {"oom_score_adj", "adj"},
                                         {"name", "comm"},
                                         {"tgid", "pid"}};
    for (const Column& one : columns)
        if (one.kernels == column) return std::string(one.ours);
    return column;
}

}  // namespace

std::string to_text(const OomState& state, const OomTextOptions& options) {
    std::string out = "Memory at the crash\n\n";
    append_summary(out, state.verdict, options);
    append_findings(out, state.scene, state.verdict, options);
    if (state.memory.sum) out += "\n" + memory_sum_to_text(state.memory);
    if (!state.processes || options.processes == 0) return out;
    OomTableStyle style;
    style.sort = sort_key(options.sort_by);
    style.limit = options.processes == SIZE_MAX ? 0 : options.processes;
    style.bars = options.bars;
    return out + "\nProcesses\n" + render_oom_processes(*state.processes, style) + "\n" +
           render_oom_consumers(*state.processes);
}

}  // namespace postmortem
