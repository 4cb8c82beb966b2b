// The types of the kernel's best known variables: BTF tells those of per-CPU variables alone.
#pragma once

#include <string_view>

namespace postmortem {

/// As C has it, "struct task_struct", "unsigned long [3]"; empty for a variable that is not listed. Those
/// whose types have changed are not.
std::string_view known_variable_type(std::string_view name);

}  // namespace postmortem
