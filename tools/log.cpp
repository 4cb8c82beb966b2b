#include "commands.h"

namespace tool {
namespace {

Syntax syntax() {
    Syntax syntax{"DUMP",
                  "Prints the kernel's log, as its printk buffer held it when it died: byte for byte what "
                  "crash prints.\n"
                  "With --json each record comes with its level, caller and device.\n\n"
                  "  postmortem log vmcore | tail -n 40\n"};
    syntax.most_operands = 0;
    syntax.has_ndjson = true;
    return syntax;
}

int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    const postmortem::KernelLog log = dump.log();
    if (arguments.json || arguments.ndjson) return print(arguments, log, output);
    return output.finish(postmortem::to_text(log, output.to_terminal()), log.problems);
}

}  // namespace

const Command log_command = {"log", "what the kernel said", syntax, ask, nullptr};

}  // namespace tool
