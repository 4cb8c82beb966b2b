// The lines that say who was chosen, who was killed and what became of it. Sources: mm/oom_kill.c:
// oom_kill_process, __oom_kill_process, oom_reap_task; twenty years of wordings.
#pragma once

#include <optional>
#include <string_view>

#include <postmortem/oom.h>

namespace postmortem::oom {

/// "Out of memory: Kill process 1 (x) score 2 or sacrifice child".
OomSelected read_selection(std::string_view text);

/// "Killed process 1, UID 2, (x) total-vm:3kB, ..."; nothing where no pid can be read.
std::optional<OomVictim> read_kill(std::string_view text);

/// "Out of memory: OOM victim 1 (x) is already exiting. Skip killing the task".
OomVictim read_skipped(std::string_view text, std::size_t line);

/// "oom_reaper: reaped process 1 (x), now anon-rss:0kB, ...".
struct Reaping {
    std::int64_t pid = 0;
    std::string_view comm;
    std::optional<OomReaped> left;  // nothing: the reaper gave up
};
std::optional<Reaping> read_reaping(std::string_view text);

/// What stands in front of "Kill process" and "Killed process": which limit was met.
struct KillReason {
    OomScope scope = OomScope::Unknown;
    OomConstraint constraint = OomConstraint::Unknown;
    bool allocating_task = false;
};
KillReason read_reason(std::string_view text);

/// The panic's own words: "Out of memory: system-wide panic_on_oom is enabled".
std::string_view read_panic(std::string_view text);

}  // namespace postmortem::oom
