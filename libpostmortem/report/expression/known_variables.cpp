// Each was looked up in Linux 5.10, 6.1, 6.12 and 7.2, where it is one and the same.
#include "report/expression/known_variables.h"

#include <algorithm>
#include <array>

namespace postmortem {
namespace {

struct KnownVariable {
    std::string_view name, type;
};

// Sorted by name.
constexpr std::array variables = {
    KnownVariable{"__per_cpu_offset", "unsigned long []"},          // kernel/setup_percpu.c, mm/percpu.c
    KnownVariable{"audit_enabled", "unsigned int"},                 // kernel/audit.c
    KnownVariable{"avenrun", "unsigned long [3]"},                  // kernel/sched/loadavg.c
    KnownVariable{"boot_cpu_data", "struct cpuinfo_x86"},           // arch/x86/kernel/setup.c
    KnownVariable{"chrdevs", "struct char_device_struct * [255]"},  // fs/char_dev.c
    KnownVariable{"console_drivers", "struct console *"},           // kernel/printk/printk.c, until 6.2
    KnownVariable{"console_printk", "int []"},                      // kernel/printk/printk.c
    KnownVariable{"def_root_domain", "struct root_domain"},         // kernel/sched/topology.c
    KnownVariable{"high_memory", "void *"},                         // mm/memory.c
    KnownVariable{"init_cred", "struct cred"},                      // kernel/cred.c
    KnownVariable{"init_css_set", "struct css_set"},                // kernel/cgroup/cgroup.c
    KnownVariable{"init_files", "struct files_struct"},             // fs/file.c
    KnownVariable{"init_fs", "struct fs_struct"},                   // fs/fs_struct.c
    KnownVariable{"init_ipc_ns", "struct ipc_namespace"},           // ipc/msgutil.c
    KnownVariable{"init_mm", "struct mm_struct"},                   // mm/init-mm.c
    KnownVariable{"init_net", "struct net"},                        // net/core/net_namespace.c
    KnownVariable{"init_nsproxy", "struct nsproxy"},                // kernel/nsproxy.c
    KnownVariable{"init_pid_ns", "struct pid_namespace"},           // kernel/pid.c
    KnownVariable{"init_sighand", "struct sighand_struct"},         // init/init_task.c
    KnownVariable{"init_signals", "struct signal_struct"},          // init/init_task.c
    KnownVariable{"init_struct_pid", "struct pid"},                 // kernel/pid.c
    KnownVariable{"init_task", "struct task_struct"},               // init/init_task.c
    KnownVariable{"init_user_ns", "struct user_namespace"},         // kernel/user.c
    KnownVariable{"init_uts_ns", "struct uts_namespace"},           // init/version.c
    KnownVariable{"iomem_resource", "struct resource"},             // kernel/resource.c
    KnownVariable{"ioport_resource", "struct resource"},            // kernel/resource.c
    KnownVariable{"jiffies", "volatile unsigned long"},             // kernel/time/timer.c
    KnownVariable{"jiffies_64", "u64"},                             // kernel/time/timer.c
    KnownVariable{"linux_banner", "const char []"},                 // init/version.c
    KnownVariable{"linux_proc_banner", "const char []"},            // init/version.c
    KnownVariable{"log_buf_len", "u32"},                            // kernel/printk/printk.c
    KnownVariable{"modules", "struct list_head"},                   // kernel/module/main.c
    KnownVariable{"net_namespace_list", "struct list_head"},        // net/core/net_namespace.c
    KnownVariable{"node_data", "pg_data_t * []"},                   // arch/x86/mm/numa.c
    KnownVariable{"nr_cpu_ids", "unsigned int"},                    // kernel/smp.c
    KnownVariable{"nr_threads", "int"},                             // kernel/fork.c
    KnownVariable{"oops_in_progress", "int"},                       // lib/bust_spinlocks.c, kernel/printk
    KnownVariable{"panic_on_oops", "int"},                          // kernel/panic.c
    KnownVariable{"panic_on_warn", "int"},                          // kernel/panic.c
    KnownVariable{"panic_timeout", "int"},                          // kernel/panic.c
    KnownVariable{"rcu_state", "struct rcu_state"},                 // kernel/rcu/tree.c
    KnownVariable{"root_task_group", "struct task_group"},          // kernel/sched/core.c
    KnownVariable{"runqueues", "struct rq"},                        // kernel/sched/core.c
    KnownVariable{"saved_command_line", "char *"},                  // init/main.c
    KnownVariable{"slab_caches", "struct list_head"},               // mm/slab_common.c
    KnownVariable{"softirq_vec", "struct softirq_action [10]"},     // kernel/softirq.c
    KnownVariable{"super_blocks", "struct list_head"},              // fs/super.c
    KnownVariable{"swap_info", "struct swap_info_struct * []"},     // mm/swapfile.c
    KnownVariable{"sys_call_table", "void * []"},                   // arch/x86/entry/
    KnownVariable{"system_state", "enum system_states"},            // init/main.c
    KnownVariable{"system_wq", "struct workqueue_struct *"},        // kernel/workqueue.c
    KnownVariable{"tainted_mask", "unsigned long"},                 // kernel/panic.c
    KnownVariable{"total_forks", "unsigned long"},                  // kernel/fork.c
    KnownVariable{"vmap_area_list", "struct list_head"},            // mm/vmalloc.c, until 6.8
    KnownVariable{"vmlist", "struct vm_struct *"},                  // mm/vmalloc.c
    KnownVariable{"workqueues", "struct list_head"},                // kernel/workqueue.c
};

static_assert(std::is_sorted(variables.begin(), variables.end(),
                             [](const KnownVariable& a, const KnownVariable& b) { return a.name < b.name; }));

}  // namespace

std::string_view known_variable_type(std::string_view name) {
    const auto found =
        std::lower_bound(variables.begin(), variables.end(), name,
                         [](const KnownVariable& a, std::string_view b) { return a.name < b; });
    return found != variables.end() && found->name == name ? found->type : std::string_view();
}

}  // namespace postmortem
