// What runs in the process that reads the dump for the shell: opens it, in the sandbox, and answers commands
// until the shell hangs up.
#pragma once

#include "command.h"

namespace tool::shell {

struct Wires {
    int from_shell;
    int to_shell;
};

/// Returns the exit code of the process.
int serve(const Arguments& arguments, const Wires& wires);

/// Runs one command as from the command line, in a sandbox as it needs it.
int serve_once(const Command& command, const std::vector<std::string>& words, const Wires& wires);

/// Whether a command needs a process of its own: it makes files, or opens its input itself.
bool runs_alone(const Command& command);
/// Whether it is told by an option which task is the current one.
bool takes_context(const Command& command);

}  // namespace tool::shell
