#include "kernel/mm/oom_badness.h"

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include "base/parallel.h"
#include "kernel/cgroup/cgroups.h"
#include "kernel/lists.h"
#include "kernel/mm/task_memory.h"

namespace postmortem {
namespace {

// include/linux/sched.h, include/linux/sched/signal.h, include/linux/sched/coredump.h (linux/mm_types.h)
constexpr std::uint64_t pf_exiting = 0x4;
constexpr std::uint64_t pf_frozen = 0x10000;   // until 6.0 (f5d39b020809)
constexpr std::uint64_t task_frozen = 0x8000;  // in task->__state since then
constexpr std::uint64_t jobctl_trap_freeze = 1u << 23;
constexpr std::uint64_t signal_group_exit = 0x4;
constexpr std::uint64_t mmf_oom_skip = 1ull << 21;  // MMF_OOM_REAPED in 4.6 to 4.8: the same bit
constexpr std::int32_t adj_min = -1000;
constexpr unsigned cap_sys_admin = 21;
constexpr std::size_t processes_per_piece = 128;
constexpr std::size_t most_sharers = 32;  // named for each process

struct Group {
    const Task* leader = nullptr;  ///< absent where only other threads could be read
    std::vector<const Task*> threads;
};

class BadnessReader {
  public:
    BadnessReader(const Kernel& kernel, const TaskTable& table, const OomRule& rule,
                  std::uint64_t total_pages, ProblemCollector& problems)
        : kernel_(kernel),
          space_(kernel.memory()),
          rule_(rule),
          total_pages_(total_pages),
          problems_(problems),
          page_size_(kernel.dump().page_size()),
          memory_(kernel, table) {
        find_fields();
        collect_groups(table);
    }

    std::vector<OomProcess> run() {
        std::vector<OomProcess> processes(groups_.size());
        std::vector<std::optional<Error>> errors(groups_.size());
        parallel_for(groups_.size(), processes_per_piece, [&](std::size_t first, std::size_t last) {
            for (std::size_t i = first; i < last; ++i) processes[i] = read(groups_[i], errors[i]);
        });
        TaskCgroups cgroups(kernel_);
        for (std::size_t i = 0; i < groups_.size(); ++i) {
            const std::string detail = fmt::format("of process {}", processes[i].pid);
            if (errors[i]) problems_.add("what the OOM killer looks at", detail, *errors[i]);
            if (const auto membership = cgroups.of(processes[i].task)) {
                processes[i].cgroup = (*membership)->path;
            } else if (membership.error().code != ErrorCode::NotFound) {
                problems_.add("the control group", detail, membership.error());
            }
        }
        name_sharers(processes);
        return processes;
    }

  private:
    void find_fields() {
        const auto find = [&](std::string_view type, std::initializer_list<std::string_view> paths,
                              bool needed = true) {
            auto field = Field::find(kernel_.types(), type, paths);
            if (!field && needed) problems_.add("the layout that the OOM killer looks at", field.error());
            return field.value_or(Field());
        };
        signal_ = find("task_struct", {"signal"});
        mm_of_task_ = find("task_struct", {"mm"});
        real_parent_ = find("task_struct", {"real_parent"});
        tgid_ = find("task_struct", {"tgid"});
        cred_ = find("task_struct", {"real_cred"});
        vfork_done_ = find("task_struct", {"vfork_done"});
        const auto jobctl = Field::find(kernel_.types(), "task_struct", {"jobctl"});
        jobctl_ = jobctl.value_or(Field());
        may_have_jobctl_ = jobctl || jobctl.error().code != ErrorCode::NotFound;
        uid_ = find("cred", {"uid"});
        score_adj_ = find("signal_struct", {"oom_score_adj"}, rule_.has_score_adj);
        signal_flags_ = find("signal_struct", {"flags"});
        victim_mm_ = find("signal_struct", {"oom_mm"}, false);  // 4.9 (26db62f179d1)
        origin_ = find("signal_struct", {"oom_flag_origin"}, false);
        mm_flags_ = find("mm_struct", {"flags"});
        // In bytes since 4.15 (af5b0f6a09e4); before, page tables and middle directories (4.0) by number.
        table_bytes_ = find("mm_struct", {"pgtables_bytes"}, false);
        if (!table_bytes_.present()) {
            tables_ = find("mm_struct", {"nr_ptes"});
            directories_ = find("mm_struct", {"nr_pmds"}, false);
        }
    }

    // In the kernel's own order as far as its list can be walked, then by pid.
    void collect_groups(const TaskTable& table) {
        std::unordered_map<std::int32_t, std::size_t> group_of;
        std::vector<Group> groups;
        for (const Task& task : table.tasks) {
            if (task.is_kernel_thread()) continue;
            const auto [at, is_new] = group_of.try_emplace(task.tgid, groups.size());
            if (is_new) groups.emplace_back();
            Group& group = groups[at->second];
            group.threads.push_back(&task);
            if (task.is_group_leader()) group.leader = &task;
        }
        std::unordered_map<std::uint64_t, std::size_t> place;
        const auto head = kernel_.symbol("init_task");
        const auto link = Field::find(kernel_.types(), "task_struct", {"tasks"});
        if (head && link) {
            // A break in it has been told by read_tasks().
            (void)for_each_list_node(space_, link->address_in(*head), [&](std::uint64_t node) {
                place.emplace(node - link->offset(), place.size());
                return true;
            });
        }
        const auto place_of = [&](const Group& group) {
            const auto at = group.leader ? place.find(group.leader->address) : place.end();
            return at == place.end() ? SIZE_MAX : at->second;
        };
        std::stable_sort(groups.begin(), groups.end(),
                         [&](const Group& a, const Group& b) { return place_of(a) < place_of(b); });
        groups_ = std::move(groups);
    }

    OomProcess read(const Group& group, std::optional<Error>& error) const {
        const Task& leader = group.leader ? *group.leader : *group.threads.front();
        OomProcess process;
        process.pid = leader.tgid;
        process.comm = leader.comm;
        process.task = leader.address;
        process.threads = static_cast<std::uint32_t>(group.threads.size());
        const auto keep = [&](const Error& what) {
            if (!error) error = what;
        };
        if (const auto parent = real_parent_.u64(space_, leader.address); parent && *parent != 0) {
            if (const auto pid = tgid_.i64(space_, *parent)) process.ppid = static_cast<std::int32_t>(*pid);
        }
        if (const auto cred = cred_.u64(space_, leader.address); cred && *cred != 0) {
            if (const auto uid = uid_.u64(space_, *cred))
                process.uid = static_cast<std::uint32_t>(*uid);
            else
                keep(uid.error());
        }
        process.frozen = is_frozen(leader);
        process.memory_is_located = knows_memory();
        read_signal(process, group, leader, keep);
        const Task* holder = find_mm(group);
        if (holder == nullptr) {
            // A task whose own page is missing must not pass for one that has given up its memory.
            if (const auto mm = mm_of_task_.u64(space_, leader.address); !mm)
                keep(mm.error());
            else
                process.immunity = OomImmunity::NoMemory;
            process.oom_score = process.immunity == OomImmunity::NoMemory ? std::optional(0) : std::nullopt;
            return process;
        }
        process.mm = holder->mm;
        if (holder != &leader) process.mm_through = holder->pid;
        read_memory(process, *holder, keep);
        judge(process, *holder, keep);
        return process;
    }

    template <class Keep>
    void read_signal(OomProcess& process, const Group& group, const Task& leader, const Keep& keep) const {
        const auto signal = signal_.u64(space_, leader.address);
        if (!signal) return keep(signal.error());
        // A thread that has been reaped has no signal_struct any more.
        if (*signal == 0)
            return keep({ErrorCode::NotMapped, "the process has no signal_struct any more", leader.address});
        const auto flags = signal_flags_.u64(space_, *signal);
        if (!flags) return keep(flags.error());
        const bool all_exit = std::all_of(group.threads.begin(), group.threads.end(),
                                          [](const Task* task) { return (task->flags & pf_exiting) != 0; });
        process.exiting = (*flags & signal_group_exit) != 0 || all_exit;
        if (score_adj_.present()) {
            const auto adj = score_adj_.i64(space_, *signal);
            if (adj)
                process.oom_score_adj = static_cast<std::int32_t>(*adj);
            else
                keep(adj.error());
        }
        process.kill_first = origin_.u64_or(space_, *signal, 0) != 0;
        const std::uint64_t mm = victim_mm_.u64_or(space_, *signal, 0);
        process.oom_victim = mm != 0;
        process.reaped = mm != 0 && (flags_of(mm).value_or(0) & mmf_oom_skip) != 0;
    }

    // find_lock_task_mm(): the first thread that still has the address space.
    static const Task* find_mm(const Group& group) {
        if (group.leader && group.leader->mm != 0) return group.leader;
        const auto at = std::find_if(group.threads.begin(), group.threads.end(),
                                     [](const Task* task) { return task->mm != 0; });
        return at == group.threads.end() ? nullptr : *at;
    }

    bool knows_memory() const {
        const auto& missing = memory_.missing();
        return mm_of_task_.present() && (table_bytes_.present() || tables_.present()) &&
               (!missing || missing->code != ErrorCode::MissingDebugInfo);
    }

    template <class Keep>
    void read_memory(OomProcess& process, const Task& holder, const Keep& keep) const {
        const auto all = memory_.read(holder);
        const auto handed_in = rule_.exact_counters ? all : memory_.read_handed_in(holder);
        const auto tables = page_tables(holder.mm);
        if (!tables) keep(tables.error());
        if (!all) keep(all.error());
        const auto combined = [&](const Result<TaskMemory>& pages) -> std::optional<OomMemory> {
            if (!pages || !tables) return std::nullopt;
            return OomMemory{pages->anon, pages->file, pages->shmem, pages->swap, *tables};
        };
        if (all) process.total_vm_pages = all->total_vm;
        if (all && all->lacks_threads) {
            keep(all->lacking());
        } else {
            process.memory = combined(all);
        }
        process.counted = combined(handed_in);
    }

    Result<std::uint64_t> page_tables(std::uint64_t mm) const {
        if (table_bytes_.present()) return table_bytes_.u64(space_, mm);
        auto tables = tables_.u64(space_, mm);
        if (!tables) return tables;
        return (*tables + directories_.u64_or(space_, mm, 0)) * page_size_;
    }

    // A long, or since 6.19 or so a bitmap.
    Result<std::uint64_t> flags_of(std::uint64_t mm) const {
        if (!mm_flags_.present()) return mm_flags_.u64(space_, mm);
        return space_.u64(mm_flags_.address_in(mm));
    }

    template <class Keep>
    void judge(OomProcess& process, const Task& holder, const Keep& keep) const {
        const auto flags = flags_of(process.mm);
        if (!flags) keep(flags.error());
        if (process.pid == 1)
            process.immunity = OomImmunity::Init;
        else if (process.oom_score_adj == adj_min)
            process.immunity = OomImmunity::AdjMin;
        else if (flags && (*flags & mmf_oom_skip) != 0)
            process.immunity = OomImmunity::Skipped;
        else if (rule_.spares_vfork && in_vfork(holder))
            process.immunity = OomImmunity::Vfork;
        if (process.immunity != OomImmunity::None) {
            process.oom_score = 0;
            return;
        }
        const bool knows_vfork = !rule_.spares_vfork || vfork_done_.present();
        if (!flags || !process.oom_score_adj || !knows_vfork) process.immunity = OomImmunity::Unknown;
        if (!process.counted || !process.oom_score_adj || !flags || total_pages_ == 0) return;
        const bool admin = rule_.root_bonus && is_admin(kernel_, holder.address);
        process.badness = oom_badness(rule_, oom_weight(process, admin), total_pages_, page_size_);
        process.oom_score = oom_score(rule_, process.badness, total_pages_);
    }

    // include/linux/sched/mm.h: the parent waits, and both still have the same memory.
    bool in_vfork(const Task& task) const {
        if (vfork_done_.u64_or(space_, task.address, 0) == 0) return false;
        const std::uint64_t parent = real_parent_.u64_or(space_, task.address, 0);
        return parent != 0 && mm_of_task_.u64_or(space_, parent, 0) == task.mm;
    }

    // By the freezer of suspend or of cgroup v1; by that of cgroup v2 (5.2, 76f969e8948d), whose own bit
    // alone says less: stopped tasks have it too.
    std::optional<bool> is_frozen(const Task& task) const {
        if ((task.flags & pf_frozen) != 0 || (task.state & task_frozen) != 0) return true;
        if (!jobctl_.present()) return may_have_jobctl_ ? std::nullopt : std::optional(false);
        const auto jobctl = jobctl_.u64(space_, task.address);
        if (!jobctl) return std::nullopt;
        if ((*jobctl & jobctl_trap_freeze) == 0) return false;
        const auto frozen = kernel_.object("task_struct", task.address)["frozen"].u64();
        return frozen ? std::optional(*frozen != 0) : std::nullopt;
    }

    static void name_sharers(std::vector<OomProcess>& processes) {
        std::unordered_map<std::uint64_t, std::vector<std::int32_t>> users;
        for (const OomProcess& process : processes)
            if (process.mm != 0) users[process.mm].push_back(process.pid);
        for (OomProcess& process : processes) {
            if (process.mm == 0) continue;
            for (const std::int32_t pid : users[process.mm]) {
                if (process.shares_mm_with.size() >= most_sharers) break;
                if (pid != process.pid) process.shares_mm_with.push_back(pid);
            }
        }
    }

    const Kernel& kernel_;
    const AddressSpace& space_;
    const OomRule& rule_;
    std::uint64_t total_pages_;
    ProblemCollector& problems_;
    std::uint64_t page_size_;
    TaskMemoryReader memory_;
    std::vector<Group> groups_;
    Field signal_, mm_of_task_, real_parent_, tgid_, cred_, vfork_done_, jobctl_, uid_;
    Field score_adj_, signal_flags_, victim_mm_, origin_;
    Field mm_flags_, table_bytes_, tables_, directories_;
    bool may_have_jobctl_ = true;
};

}  // namespace

std::vector<OomProcess> read_oom_processes(const Kernel& kernel, const TaskTable& table, const OomRule& rule,
                                           std::uint64_t total_pages, ProblemCollector& problems) {
    return BadnessReader(kernel, table, rule, total_pages, problems).run();
}

OomWeight oom_weight(const OomProcess& process, bool is_admin) {
    OomWeight weight;
    if (process.counted) {
        weight.rss = process.counted->rss_pages();
        weight.swap = process.counted->swap_entries;
        weight.page_table_bytes = process.counted->page_table_bytes;
    }
    weight.score_adj = process.oom_score_adj.value_or(0);
    weight.is_admin = is_admin;
    return weight;
}

bool is_admin(const Kernel& kernel, std::uint64_t task) {
    const Object cred = kernel.object("task_struct", task)["real_cred"];
    // Before 2.6.39 a capability was one everywhere.
    const bool has_spaces = cred.has("user_ns");
    const auto initial = kernel.symbol("init_user_ns");
    const auto space = cred["user_ns"].u64();
    // Two words of 32 bits, the low one first, in every kernel that spares root (one of 64 since 6.3).
    const auto place = cred["cap_effective"].checked_address();
    if (!place || (has_spaces && (!initial || !space || *space != *initial))) return false;
    return (kernel.memory().u32(*place).value_or(0) >> cap_sys_admin & 1) != 0;
}

}  // namespace postmortem
