#include "commands.h"

namespace tool {

std::span<const Command> all_commands() {
    static const Command commands[] = {
        report_command,  panic_command,   signature_command, check_command,  triage_command,
        sys_command,     ps_command,      bt_command,        runq_command,   log_command,
        meminfo_command, oom_command,     info_command,      shell_command,  set_command,
        rd_command,      extract_command, types_command,     schema_command,
    };
    return commands;
}

}  // namespace tool
