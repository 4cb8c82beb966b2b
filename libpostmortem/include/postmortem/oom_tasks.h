// Who holds the machine's memory, process by process, weighed as the OOM killer of that kernel weighs them
// (mm/oom_kill.c), and whom it would take next.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postmortem/api.h>
#include <postmortem/problem.h>

namespace postmortem {

/// What an address space holds. In pages, but for the page tables.
struct OomMemory {
    std::uint64_t anon_pages = 0;
    std::uint64_t file_pages = 0;
    std::uint64_t shmem_pages = 0;
    std::uint64_t swap_entries = 0;
    std::uint64_t page_table_bytes = 0;  ///< mm->pgtables_bytes

    std::uint64_t rss_pages() const { return anon_pages + file_pages + shmem_pages; }
};

/// Why the OOM killer passes a process by (oom_unkillable_task(), oom_badness()).
enum class OomImmunity {
    None,
    Init,          ///< the first process of the initial pid namespace
    KernelThread,  ///< PF_KTHREAD
    NoMemory,      ///< no thread has an address space any more
    AdjMin,        ///< oom_score_adj is -1000
    Skipped,       ///< MMF_OOM_SKIP: its memory has been reaped, or is as good as gone
    Vfork,         ///< a vfork() child that still runs in its parent's memory
    Unknown,       ///< what it depends on could not be read
};

/// A process with all its threads.
struct OomProcess {
    std::int32_t pid = 0;  ///< of the thread group
    std::optional<std::int32_t> ppid;
    std::optional<std::uint32_t> uid;  ///< real, in the initial user namespace
    std::string comm;                  ///< the leader's; untrusted text: escape before printing
    std::uint64_t task = 0;            ///< address of the leader's task_struct
    std::uint64_t mm = 0;              ///< address of its mm_struct; 0 without one
    std::uint32_t threads = 0;
    std::string cgroup;  ///< path; empty where it could not be read

    std::optional<std::uint64_t> total_vm_pages;
    bool memory_is_located = true;     ///< false where types are missing that tell where it is counted
    std::optional<OomMemory> memory;   ///< exact; absent without an mm, or where it could not be read
    std::optional<OomMemory> counted;  ///< as the OOM killer counts: parts that CPUs or threads have not
                                       ///< handed in are missing, until kernel 7.0

    std::optional<std::int32_t> oom_score_adj;  ///< -1000 to 1000
    std::optional<std::int64_t>
        badness;  ///< pages, in the OOM that OomChoice is about; absent for the immune
    std::optional<std::uint64_t> oom_score;  ///< what /proc/PID/oom_score would say
    OomImmunity immunity = OomImmunity::None;

    // These are absent where the layout does not tell.
    std::optional<bool> exiting;     ///< the whole group has been told to exit, or its leader has begun to
    std::optional<bool> oom_victim;  ///< chosen already: signal->oom_mm is set
    std::optional<bool> reaped;      ///< a victim whose memory the oom_reaper has been through
    std::optional<bool> frozen;
    std::optional<bool> kill_first;          ///< signal->oom_flag_origin: swapoff, KSM
    std::optional<std::int32_t> mm_through;  ///< the leader is gone; this thread still has the mm
    std::vector<std::int32_t>
        shares_mm_with;  ///< other processes in the same address space: they die with it
};

/// Whom select_bad_process() would take.
struct OomChoice {
    enum class Outcome {
        Kills,    ///< `pid`
        Waits,    ///< nobody: `pid`, an earlier victim, has not gone yet
        Nobody,   ///< no killable process: a global OOM then panics
        Unknown,  ///< what decides could not be read
    };
    Outcome outcome = Outcome::Unknown;
    std::string cgroup;             ///< where it looks; "/" for the whole machine
    std::uint64_t total_pages = 0;  ///< what oom_score_adj is a share of
    std::optional<std::int32_t> pid;
    std::optional<std::int64_t> badness;
    bool allocating_task = false;          ///< chosen because vm.oom_kill_allocating_task is set
    std::string constraint;                ///< "none", "cpuset", "mempolicy", "memcg"
    std::vector<std::int32_t> candidates;  ///< the worst of all, first the chosen one; at most ten
    bool incomplete = false;               ///< not every process could be weighed: there may be a worse one
    std::string whole_group;  ///< memory.oom.group: everything in this control group dies with `pid`
    std::vector<std::int32_t> not_allowed;  ///< passed by since they share no memory node with the allocation
};

/// A sum over processes. An address space that several share is counted once.
struct OomConsumer {
    std::string name;  ///< comm, uid or cgroup path
    std::uint64_t processes = 0;
    OomMemory memory;
};

struct OomTable {
    std::uint64_t page_size = 4096;
    std::optional<std::uint64_t> ram_pages;   ///< totalram_pages
    std::optional<std::uint64_t> swap_pages;  ///< total_swap_pages
    std::string rule;                         ///< how badness and score are made, in one line
    std::vector<OomProcess> processes;        ///< ascending pid; kernel threads are left out
    OomChoice choice;
    std::vector<OomConsumer> by_command;  ///< each list the largest first
    std::vector<OomConsumer> by_user;
    std::vector<OomConsumer> by_cgroup;
    Problems problems;

    POSTMORTEM_API const OomProcess* find(std::int32_t pid) const;
};

struct OomTableRequest {
    /// Only the processes in this control group and below; the choice is that of an OOM at its limit.
    std::optional<std::string> cgroup;
    /// The thread whose allocation failed: its cpuset and memory policy say who is worth killing.
    std::optional<std::int32_t> allocating_pid;
};

}  // namespace postmortem
