#include <unistd.h>

#include "commands.h"

namespace tool {

int log(const std::vector<std::string>& words) {
    Syntax syntax{"log", "DUMP",
                  "Prints the kernel's log, as its printk buffer held it when it died: byte for byte what "
                  "crash prints.\n"
                  "With --json each record comes with its level, caller and device.\n\n"
                  "  postmortem log vmcore | tail -n 40\n"};
    syntax.most_operands = 0;
    syntax.has_ndjson = true;
    auto [arguments, code] = parse(syntax, words);
    if (!arguments) return code;
    const auto dump = open_dump(*arguments, code);
    if (!dump) return code;
    const postmortem::KernelLog log = dump->log();
    const bool for_terminal = ::isatty(STDOUT_FILENO) != 0;
    if (arguments->json || arguments->ndjson) return print(*arguments, log);
    return finish(postmortem::to_text(log, for_terminal), log.problems);
}

}  // namespace tool
