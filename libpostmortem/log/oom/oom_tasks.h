// The table of processes, read by the names of its own header line: columns came and went, and vendors add
// their own. Source: mm/oom_kill.c: dump_tasks, dump_task.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <postmortem/oom.h>

namespace postmortem::oom {

/// "[ pid ]   uid  tgid total_vm      rss nr_ptes swapents oom_score_adj name" as {"uid", ..., "name"}.
std::vector<std::string> read_table_header(std::string_view text);

/// One row. Without a header the columns up to rss are sure, and the rest is kept by its place. Counts the
/// row as torn where columns are missing; what could be read is kept.
void read_table_row(std::string_view text, std::size_t line, OomTaskTable& table);

}  // namespace postmortem::oom
