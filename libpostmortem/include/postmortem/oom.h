// What an out-of-memory event was: plain structs that the log's text or a dump's memory can fill, and the
// verdict drawn from them. Every field is optional, because reports are cut, torn and twenty years apart.
// Units stand in the names: _pages, _kib, _bytes. Names, paths and lines are untrusted text from the log.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postmortem/api.h>
#include <postmortem/cgroup.h>
#include <postmortem/error.h>

namespace postmortem {

class ByteStream;

/// A named number. What the kernel calls it is kept, so that a counter of a future kernel is not lost.
struct OomCounter {
    std::string name;
    std::uint64_t value = 0;
};
using OomCounters = std::vector<OomCounter>;

/// The counter of that name; nothing where the report has none.
POSTMORTEM_API std::optional<std::uint64_t> find_counter(const OomCounters& counters, std::string_view name);

/// The task whose allocation could not be met (mm/oom_kill.c: dump_header).
struct OomTrigger {
    std::optional<std::string> comm;
    std::optional<std::int64_t> pid;
    std::optional<std::int64_t> cpu;
    std::optional<std::uint64_t> uid;  ///< Of the trigger; printed since 6.11.
    std::optional<std::uint64_t> gfp_mask;
    std::optional<std::string> gfp_text;        ///< As the kernel printed it (4.6+): "GFP_KERNEL|__GFP_COMP".
    std::vector<std::string> gfp_flags;         ///< The same as a list, or decoded from the numeric mask.
    bool gfp_decoded = false;                   ///< The list is ours: from a table of that kernel's bits.
    std::optional<std::int64_t> order;          ///< -1: asked for by hand (sysrq f).
    std::optional<std::int64_t> oom_adj;        ///< -17..15, up to 2.6.35 (and EL6); also called oomkilladj.
    bool oom_adj_was_oomkilladj = false;        ///< The 2.6.24-2.6.30 spelling.
    std::optional<std::int64_t> oom_score_adj;  ///< -1000..1000, since 2.6.36.
    std::optional<std::string> nodemask;        ///< Of the allocation, in the header line of 4.10-4.19.
    std::optional<std::string> kernel_release;
    std::optional<std::string> taint;  ///< "Not tainted", or the letters.
    std::optional<std::string> hardware;
};

enum class OomScope {
    Unknown,
    Global,  ///< The machine, or the nodes that the allocation was bound to.
    Memcg,   ///< A memory cgroup met its limit.
};
POSTMORTEM_API std::string_view to_string(OomScope scope);

/// include/linux/oom.h: enum oom_constraint. Unknown: the report does not say.
enum class OomConstraint { Unknown, None, Cpuset, MemoryPolicy, Memcg };
POSTMORTEM_API std::string_view to_string(OomConstraint constraint);

/// One line of "memory: usage nkB, limit nkB, failcnt n": `name` is memory, memory+swap, swap or kmem.
struct OomMemcgUsage {
    std::string name;
    std::optional<std::uint64_t> usage_kib;
    std::optional<std::uint64_t> limit_kib;
    std::optional<std::uint64_t> failcnt;

    /// PAGE_COUNTER_MAX and RES_COUNTER_MAX mean "no limit"; no machine has an exbibyte.
    bool unlimited() const { return limit_kib && *limit_kib >= (std::uint64_t{1} << 50); }
};

/// "Memory cgroup stats": one cgroup's memory.stat, or the shorter line of kernels before 5.3.
struct OomMemcgStats {
    std::string path;  ///< Empty where the kernel did not print it (3.9 and older).
    OomCounters sizes_bytes;
    OomCounters counts;
};

struct OomMemcg {
    std::optional<std::string> oom_path;   ///< The cgroup whose limit was met.
    std::optional<std::string> task_path;  ///< The cgroup of the victim.
    std::vector<OomMemcgUsage> usage;
    std::vector<OomMemcgStats> stats;
    /// Memory that memory.min and memory.low keep from reclaim, below the group or the machine (7.0+).
    std::optional<std::uint64_t> min_protection_kib;
    std::optional<std::uint64_t> low_protection_kib;
    std::optional<std::string> group_path;  ///< memory.oom.group: all of that cgroup was killed.
    std::optional<unsigned> version;        ///< 1 or 2, of a dump: a report has no line for it.

    POSTMORTEM_API const OomMemcgUsage* find_usage(std::string_view name) const;
};

/// "Node n active_anon:nkB ...", since 4.10 (4.8 in mm/page_alloc.c: show_free_areas).
struct OomNode {
    std::int64_t id = 0;
    OomCounters counters_kib;
    std::optional<bool> all_unreclaimable;
};

/// Free blocks of one size in one zone, "3*4096kB (UM)".
struct OomFreeBlocks {
    std::uint64_t size_kib = 0;
    std::uint64_t count = 0;
    /// U unmovable, M movable, E reclaimable, H high-atomic, C CMA, I isolated, R reserve (up to 4.3).
    std::string types;
};

struct OomZone {
    std::optional<std::int64_t> node;  ///< Absent on UMA kernels.
    std::string name;
    std::optional<std::uint64_t> free_kib;
    std::optional<std::uint64_t> boost_kib;  ///< Part of the watermarks, since 5.16.
    std::optional<std::uint64_t> min_kib;
    std::optional<std::uint64_t> low_kib;
    std::optional<std::uint64_t> high_kib;
    std::optional<std::uint64_t> present_kib;
    std::optional<std::uint64_t> managed_kib;  ///< Since 3.8.
    OomCounters counters_kib;                  ///< Everything else of the line.
    std::optional<std::uint64_t> pages_scanned;
    std::optional<bool> all_unreclaimable;
    /// One entry for each zone type: pages kept from allocations that could also use that higher zone.
    std::vector<std::uint64_t> lowmem_reserve_pages;
    std::vector<OomFreeBlocks> free_blocks;
    std::optional<std::uint64_t> free_blocks_total_kib;

    /// "Node 0 DMA32", or "DMA32" where there are no nodes.
    POSTMORTEM_API std::string title() const;
};

struct OomHugepages {
    std::optional<std::int64_t> node;
    std::uint64_t page_size_kib = 0;
    std::uint64_t total = 0;
    std::uint64_t free = 0;
    std::uint64_t surplus = 0;
};

struct OomSlabCache {
    std::string name;
    std::uint64_t used_kib = 0;
    std::uint64_t total_kib = 0;
};

/// A line of "Memory allocations:" (CONFIG_MEM_ALLOC_PROFILING, since 6.10).
struct OomAllocationSite {
    std::uint64_t bytes = 0;  ///< Rounded by kernels that print "3.0 GiB".
    std::uint64_t calls = 0;
    std::string file;
    std::uint64_t line = 0;
    std::string module;
    std::string function;
};

struct OomSwap {
    std::optional<std::uint64_t> total_kib;
    std::optional<std::uint64_t> free_kib;
    std::optional<std::uint64_t> cache_pages;
};

/// Mem-Info: the state of the machine's memory (mm/show_mem.c, before 6.2 in mm/page_alloc.c).
struct OomMemInfo {
    OomCounters totals_pages;  ///< active_anon, slab_unreclaimable, ... ; Active and inactive up to 2.6.24.
    OomCounters page_counts;   ///< The "n pages X" lines by X: "RAM", "reserved", "HighMem/MovableOnly".
    std::vector<OomNode> nodes;
    std::vector<OomZone> zones;
    std::vector<OomHugepages> hugepages;
    OomSwap swap;
    std::vector<OomSlabCache> slab;  ///< Unreclaimable caches, printed when they outweigh the user pages.
    std::vector<OomAllocationSite> allocations;
    std::optional<std::uint64_t> page_size_kib;  ///< From the smallest block of the free lists.

    std::optional<std::uint64_t> total(std::string_view name) const {
        return find_counter(totals_pages, name);
    }
    POSTMORTEM_API std::optional<std::uint64_t> ram_pages() const;  ///< Present, reserved pages included.
    POSTMORTEM_API std::optional<std::uint64_t> reserved_pages()
        const;  ///< Kernel image, memmap, crashkernel, firmware.
};

/// A row of the task table. One row stands for a whole process: threads are not listed.
struct OomTask {
    std::size_t line = 0;
    std::int64_t pid = 0;
    std::optional<std::uint64_t> uid;
    std::optional<std::int64_t> tgid;
    std::optional<std::uint64_t> total_vm_pages;
    std::optional<std::uint64_t> rss_pages;
    std::optional<std::uint64_t> rss_anon_pages;  ///< Since 6.8, as the next two.
    std::optional<std::uint64_t> rss_file_pages;
    std::optional<std::uint64_t> rss_shmem_pages;
    std::optional<std::uint64_t> page_table_pages;  ///< nr_ptes + nr_pmds, 3.10-4.14.
    std::optional<std::uint64_t> page_table_bytes;  ///< pgtables_bytes, since 4.15.
    std::optional<std::uint64_t> swap_pages;
    std::optional<std::int64_t> cpu;
    std::optional<std::int64_t> oom_adj;
    std::optional<std::int64_t> oom_score_adj;
    std::string name;
    OomCounters other;  ///< Columns that no kernel known to us has.
};

struct OomTaskTable {
    std::vector<std::string> columns;  ///< As the header line names them; empty where it is missing.
    std::vector<OomTask> tasks;
    std::size_t torn_rows = 0;  ///< Rows that could not be read, or only in part.

    POSTMORTEM_API const OomTask* find(std::int64_t pid) const;
};

/// Who was chosen. Before 5.1 a child of it may have been killed in its stead.
struct OomSelected {
    std::optional<std::int64_t> pid;
    std::string comm;
    std::optional<std::int64_t> score;  ///< Per mille of the memory since 2.6.36; pages with bonuses before.
    std::optional<std::uint64_t> uid;
};

struct OomReaped {
    std::optional<std::uint64_t> anon_rss_kib;
    std::optional<std::uint64_t> file_rss_kib;
    std::optional<std::uint64_t> shmem_rss_kib;
};

struct OomVictim {
    std::size_t line = 0;
    std::int64_t pid = 0;
    std::string comm;
    std::optional<std::uint64_t> uid;
    std::optional<std::uint64_t> total_vm_kib;
    std::optional<std::uint64_t> anon_rss_kib;
    std::optional<std::uint64_t> file_rss_kib;
    std::optional<std::uint64_t> shmem_rss_kib;
    std::optional<std::uint64_t> page_table_kib;
    std::optional<std::int64_t> oom_score_adj;
    std::optional<OomReaped> reaped;  ///< What the OOM reaper left of it.
    bool unable_to_reap = false;

    POSTMORTEM_API std::optional<std::uint64_t> rss_kib() const;  ///< anon + file + shmem, as far as printed.
};

/// One event. `problems` says in words what is missing, torn or doubtful.
struct OomEvent {
    std::size_t line = 0;           ///< 1-based line of the log where the event begins.
    std::size_t last_line = 0;      ///< Where the last line that belongs to it is.
    std::optional<double> seconds;  ///< Since boot.
    std::string time;               ///< Wall clock as the log has it.
    std::string host;

    bool is_scene = false;    ///< No report: the state of a dump's memory (OomState::scene).
    bool has_header = false;  ///< "invoked oom-killer" was seen: without it the log begins in the middle.
    OomTrigger trigger;
    bool sysrq = false;                ///< Asked for by hand: sysrq f or /proc/sysrq-trigger.
    bool page_fault = false;           ///< gfp_mask 0: a page fault failed for a reason that was not printed.
    bool compaction_disabled = false;  ///< The kernel was built without CONFIG_COMPACTION.
    bool allocating_task = false;      ///< vm.oom_kill_allocating_task: nobody was chosen, the trigger died.
    OomScope scope = OomScope::Unknown;
    OomConstraint constraint = OomConstraint::Unknown;
    std::optional<std::string> nodemask;  ///< Of the allocation; "(null)" is no restriction.
    std::optional<std::string> cpuset;
    std::optional<std::string> mems_allowed;

    OomMemcg memcg;
    bool has_mem_info = false;
    OomMemInfo memory;
    bool has_task_table = false;
    OomTaskTable task_table;
    std::optional<OomSelected> selected;
    std::vector<OomVictim> victims;
    std::vector<OomVictim> sharing_memory;   ///< Killed too, because they share the victim's memory.
    std::vector<OomVictim> already_exiting;  ///< Chosen, but on their way out already.
    bool no_killable_process = false;
    std::optional<std::string> panic;  ///< The text behind "Kernel panic - not syncing: ".
    std::vector<std::string> problems;

    /// Old kernels kill a child of the task they chose, to save the parent's work.
    POSTMORTEM_API bool killed_other_than_selected() const;
};

/// What a sentence of the verdict is about: stable words for scripts.
enum class OomFindingKind {
    MemcgLimit,
    MemcgParentLimit,
    MemcgSwapLimit,
    MemcgKernelMemory,
    MemcgPageCache,
    MemcgShmem,
    Watermark,
    Fragmentation,
    ZoneExhausted,
    CmaUnusable,
    CpusetBinding,
    PolicyBinding,
    MemoryWasFree,
    PageFault,
    Manual,
    SwapAbsent,
    SwapFull,
    SwapNotEnough,
    AnonymousMemory,
    SlabLeak,
    PageTables,
    KernelStacks,
    Shmem,
    Hugepages,
    Vmalloc,  ///< Of a dump only, as the next two.
    PerCpuMemory,
    CompressedMemory,
    Unaccounted,
    Unevictable,
    DirtyCache,
    VictimLargest,
    VictimNotLargest,
    VictimIsChild,
    VictimIsTrigger,
    GroupKill,
    NotReaped,
    NoVictim,
    Panic,
};
POSTMORTEM_API std::string_view to_string(OomFindingKind kind);

/// A number that a finding rests on. `unit` is kB, pages, bytes, percent or empty.
struct OomEvidence {
    std::string name;
    std::int64_t value = 0;
    std::string unit;
};

/// One sentence of the verdict.
struct OomFinding {
    OomFindingKind kind;
    std::string text;
    std::vector<OomEvidence> numbers;
};

/// Whose memory it was, added up from the task table.
struct OomHolder {
    std::string name;
    std::size_t processes = 0;
    std::uint64_t rss_pages = 0;
    std::uint64_t swap_pages = 0;
    std::optional<std::uint64_t> uid;  ///< Where the consumer is a user.
};

/// Where all the memory is, as far as the counters tell: the parts and what they leave over make the total.
struct OomBalance {
    std::uint64_t total_kib = 0;  ///< Present memory without what was reserved at boot.
    OomCounters parts_kib;        ///< Disjoint: anonymous, file, unevictable, slab, ..., free.
    std::int64_t unaccounted_kib =
        0;                      ///< Negative where counters overlap or changed while they were printed.
    bool parts_unread = false;  ///< Parts that exist could not be read: they are within `unaccounted_kib`.
    std::optional<std::uint64_t> shmem_kib;  ///< Part of anonymous and unevictable; not a part of the sum.
    bool page_size_assumed = false;          ///< No line tells the page size: 4 KiB was taken.
};

struct OomVerdict {
    std::string summary;          ///< One sentence: what ran out, and what was done about it.
    std::vector<OomFinding> why;  ///< Why the allocation could not be met.
    std::vector<OomFinding> who;  ///< Who held the memory, and whether the right one was killed.
    std::vector<std::string> next_steps;
    std::vector<std::string> unknown;  ///< What the report does not say, and what that keeps us from knowing.
    std::optional<OomBalance> balance;
    std::optional<CgroupName> oom_cgroup;   ///< Whose limit was met, read from the path.
    std::optional<CgroupName> task_cgroup;  ///< Where the victim lived.
    std::vector<OomHolder> top_names;
    std::vector<OomHolder> top_users;

    POSTMORTEM_API bool has(OomFindingKind kind) const;
};

/// Every OOM event of a log of any size and outer form (console, syslog, journal, mail; plain or compressed),
/// one after the other, in flat memory.
class POSTMORTEM_API OomLogReader {
  public:
    /// A file, a pipe or, for "-", standard input. Fails with Io, or with Unsupported where the file is a
    /// crash dump and not a log.
    static Result<OomLogReader> open(const std::filesystem::path& path);
    /// Borrows the text, which must outlive the reader.
    explicit OomLogReader(std::string_view text);
    explicit OomLogReader(std::unique_ptr<ByteStream> source);
    OomLogReader(OomLogReader&&) noexcept;
    OomLogReader& operator=(OomLogReader&&) noexcept;
    ~OomLogReader();

    /// The next event, in the order in which they end; nothing at the end of the log.
    std::optional<OomEvent> next();

    /// What most lines begin with, by the names of the shapes: "syslog, printk"; empty for bare messages.
    const std::string& shape() const;
    /// Why the log ended early (a read error, a damaged archive), if it did. The events before that count.
    const std::optional<Error>& error() const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

/// Every event of a log in memory, in the order in which they begin.
POSTMORTEM_API std::vector<OomEvent> find_oom_events(std::string_view log);

/// What the event means. It claims nothing that the event does not show.
POSTMORTEM_API OomVerdict explain(const OomEvent& event);

/// A cgroup that OOM events name, or one on the way to it.
struct OomCgroup {
    std::string path;                     ///< "/kubepods.slice/..."; "/" is the root.
    std::string name;                     ///< The last part of the path.
    std::size_t depth = 0;                ///< 0 for the root.
    std::size_t limits_met = 0;           ///< Events that its own limit caused.
    std::size_t kills = 0;                ///< Processes that died in it; groups below it not counted.
    std::optional<OomMemcgUsage> memory;  ///< As the last event printed it.
    CgroupName owner;
};

/// Where in the hierarchy the events were: parents before their children, siblings by name.
struct OomCgroupTree {
    std::vector<OomCgroup> groups;
    std::size_t events_without_cgroup = 0;
    std::size_t groups_left_out = 0;  ///< Beyond the bound of 20,000.
};

/// Collects events into a tree; their number does not matter to the memory it takes.
class POSTMORTEM_API OomCgroupTreeBuilder {
  public:
    OomCgroupTreeBuilder();
    ~OomCgroupTreeBuilder();
    OomCgroupTreeBuilder(OomCgroupTreeBuilder&&) noexcept;
    OomCgroupTreeBuilder& operator=(OomCgroupTreeBuilder&&) noexcept;

    void add(const OomEvent& event);
    OomCgroupTree finish() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace postmortem
