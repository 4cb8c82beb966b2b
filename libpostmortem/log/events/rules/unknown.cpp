// "BUG:", "WARNING:" and "INFO:" of no kind of their own, and harmless messages that open with the same
// words.
#include "log/events/event_rule.h"

namespace postmortem {

void add_unknown_rules(RuleBook& book) {
    book.add("BUG:",
             {.unless = {"BUG: no syscalls can create resource",
                         "Internal error: Oops - BUG:", "Kernel BUG: {hex_} [#"},
              .otherwise = EventClass::OtherBug},
             {{.event_class = EventClass::OtherBug,
               .head = "BUG:{end}",
               .detail = {},
               .title = "BUG: corrupted",
               .is_torn = true}});
    book.add("WARNING:",
             {.unless = {"WARNING: /etc/ssh/moduli does not exist",
                         "WARNING: workqueue cpumask:", "WARNING: {The|the} mand mount option",
                         "WARNING: Unsupported flag value(s)", "WARNING: Unprivileged eBPF is enabled",
                         "WARNING: fbcon: Driver", "WARNING: See https{*}for mitigation options",
                         "WARNING: kernel not compiled with CPU_SRSO", "EXT4-fs{*}:", "EXT4-Fs{*}:",
                         "XFS ({*}): WARNING", "uses {deprecated v2 capabilities|wireless extensions}"},
              .otherwise = EventClass::OtherWarning},
             {// The one driver whose words fuzzers count.
              {.event_class = EventClass::OtherWarning,
               .head = "usb {*}: WARNING: {ath10k USB support is incomplete, don't expect anything to work!}",
               .detail = {},
               .title = "WARNING: {1}",
               .has_no_trace = true},
              {.event_class = EventClass::OtherWarning,
               .head = "WARNING:{end}",
               .detail = {},
               .title = "WARNING: corrupted",
               .is_torn = true}});
    book.add("INFO:",
             {.unless = {"INFO: lockdep is turned off", "INFO: Stall ended before state dump start",
                         "INFO: NMI handler", "INFO: recovery required on readonly filesystem",
                         "{handler|interrupt}{*}took too long", "is not present in /proc/kallsyms",
                         "INFO: no syscalls can create resource",
                         // hung tasks, since 6.15: who holds what the task waits for
                         "INFO: task {*} blocked on a"},
              .otherwise = EventClass::OtherInfo},
             {{.event_class = EventClass::OtherInfo,
               .head = "INFO:{end}",
               .detail = {},
               .title = "INFO: corrupted",
               .is_torn = true}});
}

}  // namespace postmortem
