#include "commands.h"

namespace tool {

std::span<const Command> all_commands() {
    static const Command commands[] = {
        report_command,  panic_command, hang_command,   signature_command, check_command, triage_command,
        sys_command,     ps_command,    bt_command,     runq_command,      log_command,   files_command,
        foreach_command, fuser_command, ipcs_command,   mount_command,     net_command,   sig_command,
        task_command,    swap_command,  vm_command,     waitq_command,     mod_command,   irq_command,
        timer_command,   dev_command,   mach_command,   meminfo_command,   oom_command,   info_command,
        shell_command,   set_command,   struct_command, union_command,     star_command,  whatis_command,
        p_command,       kmem_command,  sym_command,    dis_command,       rd_command,    search_command,
        list_command,    tree_command,  eval_command,   ascii_command,     btop_command,  ptob_command,
        ptov_command,    vtop_command,  pte_command,    extract_command,   types_command, schema_command,
    };
    return commands;
}

}  // namespace tool
