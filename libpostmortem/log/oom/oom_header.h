// The lines that say who asked for memory, under which limits, and in which cgroup: the head of a report and
// the one-line summary of 5.0+. Sources: mm/oom_kill.c (dump_header, dump_oom_summary), mm/memcontrol.c.
#pragma once

#include <string_view>

#include <postmortem/oom.h>

namespace postmortem::oom {

void read_header(std::string_view text, OomEvent& event);
void read_context(std::string_view text, OomEvent& event);

/// False where the line speaks of another task than the one that asked for memory.
bool read_cpu_line(std::string_view text, OomTrigger& trigger);

void read_summary(std::string_view text, OomEvent& event);

void read_memcg_task(std::string_view text, OomMemcg& memcg);
void read_memcg_usage(std::string_view text, OomMemcg& memcg);
/// "Memory cgroup min protection 0kB -- low protection 0kB"
void read_memcg_protection(std::string_view text, OomMemcg& memcg);
/// "Memory cgroup stats for /a:", with the numbers that stand on the same line.
void read_memcg_stats(std::string_view text, OomMemcg& memcg);
/// One row of the block behind it; false where it cannot be one.
bool read_stat_row(std::string_view text, OomMemcgStats& stats);

/// "CONSTRAINT_MEMCG" and the like; Unknown for anything else.
OomConstraint parse_constraint(std::string_view word);

}  // namespace postmortem::oom
