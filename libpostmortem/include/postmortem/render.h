// Prints answers: as text in crash's layout, or as JSON (docs/json.md), whole or as NDJSON: of the list that
// an answer is about one item a line. Text from the dump is escaped.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <postmortem/api.h>
#include <postmortem/backtrace.h>
#include <postmortem/cgroup_tree.h>
#include <postmortem/crash_report.h>
#include <postmortem/error.h>
#include <postmortem/kernel_log.h>
#include <postmortem/known_crashes.h>
#include <postmortem/memory_picture.h>
#include <postmortem/oom_tasks.h>
#include <postmortem/panic.h>
#include <postmortem/run_queues.h>
#include <postmortem/system_info.h>
#include <postmortem/task_list.h>
#include <postmortem/triage.h>

namespace postmortem {

POSTMORTEM_API std::string to_text(const TaskList& list);
POSTMORTEM_API std::string to_json(const TaskList& list);
POSTMORTEM_API std::string to_ndjson(const TaskList& list);

/// What crash prints with its options -t, -T, -m, -g, -d; Queues without one. Waiting is Queues with times.
enum class RunQueueStyle { Queues, Waiting, Timestamps, Lag, Milliseconds, Groups, OnRunqueue };
POSTMORTEM_API std::string to_text(const RunQueues& queues, RunQueueStyle style = RunQueueStyle::Queues);
POSTMORTEM_API std::string to_json(const RunQueues& queues);
POSTMORTEM_API std::string to_ndjson(const RunQueues& queues);

/// Exactly what crash prints: bytes that are not printable ASCII become dots, apart from the white space that
/// moves a terminal's cursor (carriage return, vertical tab, form feed), which only `for_terminal` takes out.
POSTMORTEM_API std::string to_text(const KernelLog& log, bool for_terminal = false);
POSTMORTEM_API std::string to_json(const KernelLog& log);
POSTMORTEM_API std::string to_ndjson(const KernelLog& log);

/// The date is in the local time zone (TZ), as crash prints it; JSON has UTC.
POSTMORTEM_API std::string to_text(const SystemInfo& info);
POSTMORTEM_API std::string to_json(const SystemInfo& info);

/// Nothing separates the backtraces but an empty line, as in crash.
POSTMORTEM_API std::string to_text(const BacktraceList& list);
POSTMORTEM_API std::string to_json(const BacktraceList& list);
POSTMORTEM_API std::string to_ndjson(const BacktraceList& list);

/// Exactly /proc/meminfo; the other parts in the manner of /proc/zoneinfo, buddyinfo, slabinfo and swaps.
POSTMORTEM_API std::string to_text(const MemoryPicture& picture);
POSTMORTEM_API std::string zones_to_text(const MemoryPicture& picture);
/// The `most` largest caches, the largest first; all of them where `most` is 0.
POSTMORTEM_API std::string slab_to_text(const MemoryPicture& picture, std::size_t most = 0);
POSTMORTEM_API std::string swap_to_text(const MemoryPicture& picture);
/// Where MemTotal went, part by part, and who the largest users are.
POSTMORTEM_API std::string memory_sum_to_text(const MemoryPicture& picture);
POSTMORTEM_API std::string to_json(const MemoryPicture& picture);

/// One screen, to paste into a ticket.
POSTMORTEM_API std::string to_text(const CrashReport& report);
POSTMORTEM_API std::string to_json(const CrashReport& report);

/// Why it died and what to do next, on one screen; JSON has everything.
POSTMORTEM_API std::string to_text(const PanicAnalysis& analysis);
POSTMORTEM_API std::string to_json(const PanicAnalysis& analysis);

/// "ID  TITLE" of the cause, or with `all_events` of every event, in the order of the log. Empty where
/// nothing went wrong.
POSTMORTEM_API std::string signature_to_text(const PanicAnalysis& analysis, bool all_events = false);
POSTMORTEM_API std::string signature_to_json(const PanicAnalysis& analysis);

/// What a CI job prints; `known` is what the inputs were held against.
POSTMORTEM_API std::string to_text(std::span<const CheckResult> results, const KnownCrashes& known);
POSTMORTEM_API std::string to_json(std::span<const CheckResult> results, const KnownCrashes& known);
POSTMORTEM_API std::string to_ndjson(std::span<const CheckResult> results, const KnownCrashes& known);

POSTMORTEM_API std::string to_text(const Triage& triage);
POSTMORTEM_API std::string to_json(const Triage& triage);
POSTMORTEM_API std::string to_ndjson(const Triage& triage);

/// How the table of processes is printed.
struct OomTableStyle {
    std::string sort = "badness";  ///< one of oom_sort_keys(); anything else leaves ascending pids
    std::size_t limit = 0;         ///< rows at most; 0 for all
    bool bars = false;             ///< resident and swapped memory as a bar, for terminals (UTF-8)
};
POSTMORTEM_API std::vector<std::string_view> oom_sort_keys();

/// Whom the OOM killer would take, the processes, and who holds most by name, user and control group. Sizes
/// are in KiB, badness is in pages.
POSTMORTEM_API std::string to_text(const OomTable& table, const OomTableStyle& style);
POSTMORTEM_API std::string to_text(const OomTable& table);
POSTMORTEM_API std::string to_json(const OomTable& table);
/// The parts of it.
POSTMORTEM_API std::string render_oom_processes(const OomTable& table, const OomTableStyle& style = {});
POSTMORTEM_API std::string render_oom_consumers(const OomTable& table);

/// How the tree of control groups is printed.
struct CgroupTreeStyle {
    std::string sort = "usage";  ///< one of cgroup_sort_keys(), within each group; anything else: by name
    bool bars = false;           ///< usage against the limit as a bar, for terminals (UTF-8)
};
POSTMORTEM_API std::vector<std::string_view> cgroup_sort_keys();
POSTMORTEM_API std::string to_text(const CgroupTree& tree, const CgroupTreeStyle& style);
POSTMORTEM_API std::string to_text(const CgroupTree& tree);
POSTMORTEM_API std::string to_json(const CgroupTree& tree);

/// Prints backtraces one by one, to the same text and the same JSON as above.
class POSTMORTEM_API BacktraceWriter {
  public:
    enum class Format { Text, Json, Ndjson };
    explicit BacktraceWriter(Format format, const BacktracePrinting& how = {}) : format_(format), how_(how) {}

    /// The next piece of output.
    std::string add(const Backtrace& trace);
    /// The last piece.
    std::string finish(const Problems& problems);

  private:
    Format format_;
    BacktracePrinting how_;
    bool first_ = true;
};

/// An error as one sentence: the message, and the address that it concerns.
POSTMORTEM_API std::string describe(const Error& error);

/// The same problems, where several are missing for want of the same debugging information in one: "the
/// first, the second: why".
POSTMORTEM_API Problems joined_by_cause(const Problems& problems);

/// Control characters, newlines among them, and bytes that are no UTF-8 become \xNN; tabs stay. One sentence
/// is one line then, whatever name a file chose for itself.
POSTMORTEM_API std::string escape_for_terminal(std::string_view text);

}  // namespace postmortem
