// Every command, each in the file of its name.
#pragma once

#include "command.h"

namespace tool {

extern const Command ascii_command;
extern const Command bt_command;
extern const Command btop_command;
extern const Command check_command;
extern const Command dev_command;
extern const Command dis_command;
extern const Command eval_command;
extern const Command extract_command;
extern const Command files_command;
extern const Command foreach_command;
extern const Command fuser_command;
extern const Command hang_command;
extern const Command info_command;
extern const Command ipcs_command;
extern const Command irq_command;
extern const Command kmem_command;
extern const Command list_command;
extern const Command log_command;
extern const Command mach_command;
extern const Command meminfo_command;
extern const Command mod_command;
extern const Command mount_command;
extern const Command net_command;
extern const Command oom_command;
extern const Command p_command;
extern const Command panic_command;
extern const Command ps_command;
extern const Command pte_command;
extern const Command ptob_command;
extern const Command ptov_command;
extern const Command rd_command;
extern const Command report_command;
extern const Command runq_command;
extern const Command schema_command;
extern const Command search_command;
extern const Command set_command;
extern const Command shell_command;
extern const Command sig_command;
extern const Command signature_command;
extern const Command star_command;
extern const Command struct_command;
extern const Command swap_command;
extern const Command sym_command;
extern const Command sys_command;
extern const Command task_command;
extern const Command timer_command;
extern const Command tree_command;
extern const Command triage_command;
extern const Command types_command;
extern const Command union_command;
extern const Command vm_command;
extern const Command vtop_command;
extern const Command waitq_command;
extern const Command whatis_command;

}  // namespace tool
