#include "log/oom/oom_completion.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "log/oom/oom_gfp.h"
#include "log/oom/oom_words.h"

namespace postmortem::oom {
namespace {

// What the report should hold and does not, in the order in which the kernel prints it.
void name_gaps(OomEvent& event) {
    auto& problems = event.problems;
    if (!event.has_header) {
        problems.emplace_back(
            "the line that says who asked for memory (\"invoked oom-killer\") is missing: it was cut off, or "
            "the kernel "
            "left it out (it prints ten whole reports in five seconds at most)");
    }
    if (event.scope == OomScope::Global && !event.has_mem_info) {
        problems.emplace_back("the state of the memory (Mem-Info) is missing");
    } else if (event.has_mem_info && event.memory.zones.empty()) {
        problems.emplace_back("Mem-Info is cut: no zone is left of it");
    }
    if (event.scope == OomScope::Memcg && event.memcg.usage.empty()) {
        problems.emplace_back("usage and limit of the cgroup are missing");
    }
    if (event.has_task_table && event.task_table.columns.empty()) {
        problems.emplace_back("the header of the task table is missing: only its first columns can be named");
    }
    if (event.task_table.torn_rows != 0) {
        problems.push_back(fmt::format("{} rows of the task table are torn", event.task_table.torn_rows));
    }
    const bool decided =
        !event.victims.empty() || event.panic || event.no_killable_process || !event.already_exiting.empty();
    if (!decided) problems.emplace_back("the log ends, or goes on, before anybody was killed");
}

// The statistics of the group whose limit was met come first, those of the groups below it behind them.
void take_group_of_stats(OomEvent& event) {
    OomMemcg& memcg = event.memcg;
    if (memcg.oom_path || memcg.stats.empty() || memcg.stats.front().path.empty()) return;
    const std::string& first = memcg.stats.front().path;
    const bool above_all =
        std::all_of(memcg.stats.begin(), memcg.stats.end(), [&](const OomMemcgStats& stats) {
            return stats.path.starts_with(first == "/" ? "" : first + "/") || stats.path == first;
        });
    if (!above_all) return;
    memcg.oom_path = first;
    if (memcg.usage.empty())
        event.problems.emplace_back(
            "the line that names the cgroup whose limit was met is missing: its name is taken from the "
            "statistics, and the limit may be that of a group above it");
}

// Where no line says whose memory it was. "No killable processes" alone does not: the kernel says so of a
// cgroup and of sysrq f as well; nor does a panic that was to come in any case (vm.panic_on_oom = 2).
OomScope scope_of_parts(const OomEvent& event) {
    const OomMemcg& memcg = event.memcg;
    if (memcg.oom_path || memcg.task_path || !memcg.usage.empty()) return OomScope::Memcg;
    if (event.has_mem_info) return OomScope::Global;
    if (!event.panic) return OomScope::Unknown;
    if (contains(*event.panic, "(memcg)")) return OomScope::Memcg;
    return contains(*event.panic, "ompulsory") ? OomScope::Unknown : OomScope::Global;
}

void decode_mask(OomTrigger& trigger) {
    if (!trigger.gfp_mask || trigger.gfp_text) return;
    const auto version = trigger.kernel_release ? parse_release(*trigger.kernel_release) : std::nullopt;
    trigger.gfp_flags = decode_gfp(*trigger.gfp_mask, version);
    trigger.gfp_decoded = true;
}

}  // namespace

void complete_event(OomEvent& event, bool memcg_in_trace) {
    decode_mask(event.trigger);
    if (memcg_in_trace && event.victims.empty() && !event.has_mem_info) event.scope = OomScope::Memcg;
    take_group_of_stats(event);
    if (event.scope == OomScope::Unknown) event.scope = scope_of_parts(event);
    name_gaps(event);
}

}  // namespace postmortem::oom
