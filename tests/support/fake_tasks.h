// Tasks of a fake kernel, linked as the kernels of several eras link them.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "support/fake_kernel.h"

namespace postmortem::test {

/// How a kernel keeps its tasks.
struct TaskEra {
    std::string_view name;
    bool xarray = true;         ///< the pid namespace's IDR is an xarray (4.20) …
    bool radix_tree = false;    ///< … or a radix tree (4.15 to 4.19), or there is none (pid hash)
    bool thread_head = true;    ///< signal_struct.thread_head (3.14); before, thread_group only
    bool percpu_rss = false;    ///< mm_struct.rss_stat is an array of percpu_counter (6.2)
    unsigned rss_counters = 4;  ///< 3 before 4.5; 0: _file_rss and _anon_rss (before 2.6.34)
    std::string_view state = "__state";
    std::string_view pid_link = "pid_links";
    bool cpu_in_thread_info = true;
    bool info_on_stack = false;  ///< thread_info lies at the bottom of the stack (before 4.9)
    bool shmem_apart = false;    ///< mm_shmempages beside three counters, of threads as well (RHEL 7)
    FakeBuild build = FakeBuild::X86_64;

    /// What an mm_struct counts of its page tables: bytes (4.15), tables and middle directories (4.0),
    /// tables.
    std::vector<std::string_view> table_counters() const;
};

const std::vector<TaskEra>& task_eras();
/// One with longs of four bytes.
const TaskEra& i386_era();

struct FakeTask {
    std::int32_t pid = 0;
    std::int32_t tgid = 0;
    std::uint64_t address = 0;
    std::uint64_t signal = 0;
    std::uint64_t pid_struct = 0;
};

/// Two CPUs; processes 1 and 10 with an mm, 10 with the threads 11 and 12, of which 12 runs on CPU 1; 2 is a
/// kernel thread; and `more` single-threaded processes from 100 on.
class FakeTasks {
  public:
    explicit FakeTasks(const TaskEra& era, unsigned more = 0);

    FakeKernel& fake() { return fake_; }
    const TaskEra& era() const { return era_; }
    FakeTask& task(std::int32_t pid) { return tasks_.at(pid); }
    std::uint64_t init_task() const { return init_task_; }
    /// Where a member lies in a task.
    std::uint64_t member(std::int32_t pid, std::string_view name) const;
    std::uint64_t member_of_init_task(std::string_view name) const;
    std::uint64_t mm(std::int32_t tgid) const { return mms_.at(tgid); }
    /// Where a member lies in an mm_struct: `pgd`, or one of the era's counters of page tables.
    static constexpr std::uint64_t mm_member(std::string_view name) {
        return name == "pgd" ? 216 : name == "nr_pmds" ? 232 : 224;
    }
    /// The pid table's slot for a pid, where the era has one.
    std::uint64_t table_slot(std::int32_t pid) const { return table_slots_.at(pid); }
    std::uint64_t table_leaf() const { return table_leaf_; }
    /// The thread_info on the stack of a task, where the era has one.
    std::uint64_t thread_info(std::int32_t pid) const { return thread_infos_.at(pid); }
    std::uint64_t runqueue(unsigned cpu) const { return runqueues_[cpu]; }
    /// Masks of both CPUs.
    std::uint64_t online_mask() const { return online_mask_; }
    std::uint64_t active_mask() const { return active_mask_; }

    /// Links everything as it was added. Changes of links come after it, and before open().
    void link();
    std::unique_ptr<Kernel> open() { return fake_.open(); }

  private:
    void declare_types();
    std::uint64_t add(std::int32_t pid, std::int32_t tgid, std::string_view comm, std::uint64_t mm);
    std::uint64_t add_mm(std::int32_t tgid, std::uint64_t pages);
    void write_task(std::uint64_t address, std::int32_t pid, std::int32_t tgid, std::string_view comm,
                    std::uint64_t mm);
    void add_cpus();
    void link_pid_table();

    TaskEra era_;
    FakeKernel fake_;
    std::map<std::string, std::uint64_t, std::less<>> offsets_;
    std::map<std::int32_t, FakeTask> tasks_;
    std::map<std::int32_t, std::uint64_t> mms_;
    std::map<std::int32_t, std::uint64_t> thread_infos_;
    std::map<std::int32_t, std::uint64_t> table_slots_;
    std::uint64_t init_task_ = 0, idle_task_ = 0, table_leaf_ = 0;
    std::vector<std::uint64_t> runqueues_;
    std::uint64_t online_mask_ = 0, active_mask_ = 0;
};

}  // namespace postmortem::test
