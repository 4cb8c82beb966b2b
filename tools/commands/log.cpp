#include <postmortem/log_text.h>

#include "commands.h"

namespace tool {
namespace {

using postmortem::LogPrinting;
using postmortem::LogZone;

Syntax syntax() {
    Syntax syntax{"DUMP",
                  "Prints the kernel's log, as its printk buffer held it when it died: byte for byte what "
                  "crash prints.\n"
                  "With --json each record comes with its level, caller and device.\n\n"
                  "  postmortem log vmcore | tail -n 40\n"
                  "  postmortem log -T --zone utc vmcore\n"};
    syntax.rules.surplus_from = 0;
    syntax.has_ndjson = true;
    syntax.without_page_tables = true;
    syntax.options = {
        on_or_off("human-times,T", "the time of day in place of seconds since boot"),
        text("zone", "local|utc|dump",
             "with -T: in the local zone (TZ), in UTC, or as user space told the kernel that crashed"),
        on_or_off("no-times,t", "no times"),
        on_or_off("levels,m", "each record's level, 0 emergency to 7 debug"),
        on_or_off("callers,c", "who called printk: thread T or, in an interrupt, CPU C"),
        on_or_off("dictionaries,d", "what dev_printk() adds: SUBSYSTEM, DEVICE"),
        on_or_off("rust,R", "names of Rust's as they are in the source"),
        on_or_off("audit,a", "in place of the log: audit messages that were not handed to the daemon yet"),
        on_or_off("safe-buffers,s", "in place of the log: what printk's safe buffers hold (until 5.14)")};
    syntax.rules.covers = {{"audit"}, {"safe-buffers"}};
    syntax.rules.ranks = {{"no-times", "human-times"}};
    syntax.rules.only_with = {{"zone", {"human-times"}}};
    return syntax;
}

std::optional<LogZone> zone_of(const Arguments& arguments) {
    const std::string word = arguments.has("zone") ? arguments.text("zone") : "local";
    if (word == "local") return LogZone::Local;
    if (word == "utc") return LogZone::Utc;
    if (word == "dump") return LogZone::Dump;
    return std::nullopt;
}

constexpr const char* linear_alone = "read where the kernel's memory is mapped linearly: ";

void say_linear_alone(const postmortem::CrashDump& dump, Output& output) {
    if (const auto why = dump.no_page_tables())
        output.complain(std::string("log: ") + linear_alone + postmortem::describe(*why));
}

// A log that is whole is none the worse for it; of one that is not, it may be the reason.
void tell_missing_tables(const postmortem::CrashDump& dump, postmortem::KernelLog& log, Output& output) {
    const auto why = dump.no_page_tables();
    if (!why || log.problems.empty()) return say_linear_alone(dump, output);
    log.problems.emplace(log.problems.begin(), why->code, linear_alone + why->message, why->address);
}

int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    if (arguments.has("audit") || arguments.has("safe-buffers")) say_linear_alone(dump, output);
    if (arguments.has("audit")) return print(arguments, postmortem::unsent_audits(dump), output);
    if (arguments.has("safe-buffers")) return print(arguments, postmortem::printk_safe_buffers(dump), output);
    const auto zone = zone_of(arguments);
    if (!zone)
        return output.complain("log: --zone takes local, utc or dump, not '" + arguments.text("zone") + "'");
    postmortem::KernelLog log = dump.log();
    tell_missing_tables(dump, log, output);
    if (arguments.has("rust")) postmortem::write_rust_names(log);
    if (arguments.json || arguments.ndjson) return print(arguments, log, output);
    LogPrinting how;
    how.for_terminal = output.to_terminal();
    how.zone = *zone;
    how.times = !arguments.has("no-times");
    how.human_times = arguments.has("human-times");
    how.levels = arguments.has("levels");
    how.callers = arguments.has("callers");
    how.dictionaries = arguments.has("dictionaries");
    if (how.human_times)
        if (auto learned = postmortem::learn_wall_clock(dump, how); !learned)
            log.problems.emplace_back(learned.error().code, "the time of day: " + learned.error().message,
                                      learned.error().address);
    return output.finish(postmortem::to_text(log, how), log.problems);
}

}  // namespace

const Command log_command = {"log", "what the kernel said", syntax, ask, nullptr};

}  // namespace tool
