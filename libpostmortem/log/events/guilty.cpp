#include "log/events/guilty.h"

#include <algorithm>
#include <array>
#include <span>

#include "log/events/function_name.h"
#include "log/match/name_set.h"

namespace postmortem {
namespace {

constexpr std::string_view dispatcher_names[] = {
    // system call entries
    "do_syscall_",
    "do_fast_syscall_",
    "sysenter_dispatch",
    "tracesys_phase2",
    "el0_svc_handler",
    "invoke_syscall",
    "ret_fast_syscall",
    // deferred work and threads
    "process_one_work",
    "do_softirq",
    "call_timer_fn",
    "_run_timers",
    "run_timer_softirq",
    "hrtimer_run",
    "run_ksoftirqd",
    "tasklet_action",
    "tasklet_hi_action",
    "smpboot_thread_fn",
    "^kthread$",
    "start_secondary",
    "^worker_thread$",
    "^do_one_initcall$",
    "^kernel_init$",
    "^kernel_init_freeable$",
    "^rest_init$",
    "^start_kernel$",
    "cpu_startup_entry",
    "ret_from_fork",
    "task_work_run",
    "exit_to_usermode",
    "smp_call_function",
    // file operations
    "vfs_write",
    "vfs_read",
    "vfs_iter_read",
    "vfs_iter_write",
    "do_iter_read",
    "do_iter_write",
    "do_iter_readv_writev",
    "call_read_iter",
    "call_write_iter",
    "new_sync_read",
    "new_sync_write",
    "vfs_ioctl",
    "ksys_ioctl",
    "compat_ioctl",
    "compat_sys_ioctl",
    "blkdev_driver_ioctl",
    "blkdev_ioctl",
    "^call_mmap",
    "mmap_region",
    "do_mmap",
    "do_dentry_open",
    "vfs_open",
    "__fput",
    // sockets
    "netif_receive_skb",
    "^sock_sendmsg",
    "^sock_recvmsg",
    "^sock_release",
    "^__sock_release",
    "^setsockopt$",
    "kernel_setsockopt",
    "sock_common_setsockopt",
    "^listen$",
    "kernel_listen",
    "sk_common_release",
    "^sock_mmap",
    "^accept$",
    "kernel_accept",
    "^sock_do_ioctl",
    "^sock_ioctl",
    "^compat_sock_ioctl",
    "^nfnetlink_rcv_msg",
    "^rtnetlink_rcv_msg",
    "^netlink_dump",
    "^socketpair",
    "^sys_socketpair",
    "^connect",
    "^sys_connect",
    "^ioctl",
    "^sys_ioctl",
    // page faults
    "__do_fault",
    "do_page_fault",
    "^page_fault$",
};

const NameSet& dispatchers() {
    static const NameSet names{std::span(dispatcher_names)};
    return names;
}

// A stall shows a random place of the code that loops. The function through which that code was entered is
// the same each time.
std::optional<Guilty> entry_of_loop(std::span<const std::string> functions) {
    std::size_t before = 0;
    for (std::size_t i = 0; i < functions.size(); ++i) {
        if (is_dispatcher(functions[i])) {
            if (functions[i].find("smp_call_function") != std::string::npos)
                return Guilty{i, "smp_call_function"};
            return Guilty{before, functions[before]};
        }
        before = i;
    }
    return std::nullopt;
}

// A kernel thread of which every function's name sounds of waiting ("rcu_boost_kthread"): what it was made to
// run, or, where it was never started, kthread() itself.
std::optional<Guilty> waits_by_itself(std::span<const std::string> functions) {
    const auto start = std::find(functions.begin(), functions.end(), "kthread");
    if (start == functions.end()) return std::nullopt;
    const auto at = static_cast<std::size_t>(start - functions.begin());
    const bool runs = at > 0 && functions[at - 1].find("sched") == std::string::npos;
    const std::size_t index = runs ? at - 1 : at;
    return Guilty{index, functions[index]};
}

// Tasks hang in many places for the sake of one: those who wait for RCU or for the RTNL are put together.
std::optional<Guilty> first_that_waits(std::span<const std::string> functions) {
    struct Bucket {
        std::string_view part, name;
    };
    static constexpr std::array<Bucket, 5> buckets = {{{"rtnl_lock", ""},
                                                       {"synchronize_rcu", "synchronize_rcu"},
                                                       {"synchronize_srcu", "synchronize_rcu"},
                                                       {"synchronize_net", "synchronize_rcu"},
                                                       {"synchronize_sched", "synchronize_rcu"}}};
    static const NameSet waiting = {"sched",       "_lock",          "_slowlock",   "down",
                                    "rwsem",       "completion",     "kthread",     "wait",
                                    "synchronize", "context_switch", "__switch_to", "cancel_delayed_work",
                                    "rcu_barrier"};
    for (std::size_t i = 0; i < functions.size(); ++i) {
        for (const Bucket& bucket : buckets) {
            if (functions[i].find(bucket.part) == std::string::npos) continue;
            return Guilty{i, bucket.name.empty() ? functions[i] : std::string(bucket.name)};
        }
    }
    for (std::size_t i = 0; i < functions.size(); ++i) {
        if (functions[i].starts_with("ret_from_fork")) return waits_by_itself(functions);
        if (!waiting.matches(functions[i])) return Guilty{i, functions[i]};
    }
    return std::nullopt;
}

}  // namespace

bool is_dispatcher(std::string_view function) {
    return dispatchers().matches(function);
}

std::optional<Guilty> choose_guilty(std::span<const Candidate> candidates, Choice choice) {
    if (candidates.empty()) return std::nullopt;
    std::vector<std::string> functions;
    functions.reserve(candidates.size());
    for (const Candidate& candidate : candidates)
        functions.emplace_back(without_syscall_prefix(candidate.function));
    switch (choice) {
        case Choice::First: return Guilty{0, functions.front()};
        case Choice::Stall: return entry_of_loop(functions);
        case Choice::Hang: return first_that_waits(functions);
    }
    return std::nullopt;
}

}  // namespace postmortem
