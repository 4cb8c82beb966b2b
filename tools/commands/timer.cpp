#include <postmortem/timers.h>

#include "commands.h"
#include "cpu_list.h"

namespace tool {
namespace {

Syntax syntax() {
    Syntax syntax{
        "DUMP",
        "Shows the timers of each CPU in the order in which they would have gone off, as crash does.\n\n"
        "  postmortem timer vmcore\n"
        "  postmortem timer -r -C 0-3 vmcore\n"};
    syntax.has_ndjson = true;
    syntax.rules.surplus_from = 0;
    syntax.options = {on_or_off("high-resolution,r", "hrtimers, by CPU and clock"),
                      text("cpus,C", "CPUS", "of these CPUs alone: 3, or 1,8,9-14")};
    return syntax;
}

int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    postmortem::TimerRequest request;
    request.precise = arguments.has("high-resolution");
    if (arguments.has("cpus")) {
        const auto chosen = cpus_of(arguments.text("cpus"));
        if (!chosen)
            return output.complain("timer: -C takes CPUs such as 3 or 1,8,9-14, not '" +
                                   arguments.text("cpus") + "'");
        request.cpus = *chosen;
    }
    const auto timers = postmortem::pending_timers(dump, request);
    return timers ? print(arguments, *timers, output) : output.finish(timers.error());
}

}  // namespace

const Command timer_command = {"timer", "the timers of each CPU", syntax, ask, nullptr};

}  // namespace tool
