#include "log/text/prefix_shapes.h"

namespace postmortem {
namespace {

using namespace behind;

constexpr PrefixShape shapes[] = {
    // printk's own clock, in the forms of printk, dmesg and vendors' kernels
    {"printk", "~[~{seconds}]", outside},
    {"printk delta", "~[~{seconds} <~{delta}>]", outside},  // dmesg -d
    {"dmesg reltime", "~[~+{delta}]", outside},             // dmesg -H
    {"dmesg delta", "~[<~{delta}>]", outside},              // dmesg --time-format=delta
    {"printk @cpu", "~[~{seconds}@{cpu}]", outside},        // Amlogic
    {"printk ,cpu", "~[~{seconds},{cpu}]", outside},        // Motorola
    {"printk s", "~[~{seconds}s]", outside},                // Huawei
    {"printk / date", "~[~{seconds} / {date}]", outside},   // LG
    {"level word printk", "{level}: [~{seconds}]", nothing},
    {"kgsl", "~{seconds}: ~<{priority}> ({date})", nothing},  // Android's last_kmsg of some vendors
    // what vendors' kernels and CONFIG_PRINTK_CALLER put behind the clock
    {"caller", "~[~{caller}]", clock},
    {"samsung", "~{letter}[~{cpu}:~{task}:~{pid}]", clock},
    {"samsung", "~[~{cpu}:~{task}:~{pid}]", clock},
    {"mediatek", "~({cpu})[{pid}:{task}]", clock},
    {"mediatek", "~-({cpu})[{pid}:{task}]", clock},
    {"huawei", "~[{date}]", clock},
    {"huawei", "[pid:{pid},cpu{cpu},{task}]", clock | date | numeric},
    {"cpu task", "~c{cpu} ~{pid} ({task})", clock},
    {"cpu", "~c{cpu} {!}", clock},
    {"cpu", "~[c{cpu}]", clock},
    {"level", "~<{priority}>", clock},
    {"journal short-monotonic", " {host} {kernel}", clock},
    // levels, /dev/kmsg, netconsole
    {"rfc5424", "<{priority}>1 {date} {host} {program} {word} {word} {structured} ", nothing | dates},
    {"rfc5424", "1 {date} {host} {program} {word} {word} {structured} ", nothing},
    {"rfc5424", "<{priority}>1 {date}", nothing},  // by a sender that goes on as RFC 3164 has it
    {"level", "<{priority}>", outside},
    {"dmesg -x", "{facility}~:{level}~:~", nothing},
    {"kmsg", "{priority},{num},{usec},{flags};", outside},
    {"kmsg", "{release},{priority},{num},{usec},{flags};", outside},
    {"kmsg", "~{host} {priority},{num},{usec},{flags};", nothing | dates},
    {"talos", "{host}: {facility}:~{level}: [{date}]:", nothing},
    {"talos", "{facility}:~{level}: [{date}]:", nothing},
    // containers
    {"cri", "{date} stdout F", nothing},
    {"cri", "{date} stderr F", nothing},
    {"cri", "{date} stdout P", nothing},
    {"cri", "{date} stderr P", nothing},
    // logcat
    {"logcat", "{date} ~{num} ~{num} {letter} {log tag}", nothing},
    {"logcat", "{date} ~{word} ~{num} ~{num} {letter} {log tag}", nothing},
    {"logcat brief", "{letter}/{program}~(~{num}):", nothing},
    {"logcat brief", "{letter}/~(~{num}):", nothing},
    // dates
    {"date", "[{date}]", nothing | dates},
    {"date", "[{date} <~{delta}>]", nothing},
    {"date", "({date})", nothing},
    {"date", "[{word} {word} {num} {clock} {yyyy}]", nothing},  // dmesg -T in a language without a row
    {"date", "{date}", nothing | dates},
    // syslog, the journal, busybox: behind a date
    {"syslog", " ~{host} {facility}.{level} {tag}", date},
    {"syslog", " ~{facility}.{level} {tag}", dates},
    {"syslog", " ~{host} {tag}", date},
    {"syslog", " ~{host} {strict tag}", numeric},
    {"syslog", " ~{host} {host} {strict tag}", dates},
    {"syslog", " ~{strict tag}", dates},
    {"host", " ~{host} [~{seconds}]", dates},
    {"host", " ~{host} <{priority}>", dates},
    {"separator", "~|~", dates | tag},
    {"separator", "~;~", dates | tag},
    {"separator", "~,~", dates | tag},
    {"separator", "~-~{!}", dates},
    {"csv", "~,~{host},kernel,", dates},
    // somebody cut the dates off
    {"syslog", "~{kernel}", nothing | tag},
    {"syslog", "~{host} {kernel}", nothing},
    {"syslog", "~{facility}.{level} {tag}", nothing},
    {"program", "~{host} {program}[{num}]: [~{seconds}]", nothing},
};

constexpr std::string_view dates_of_loggers[] = {
    "{yyyy}-{mm}-{dd}T{clock}",
    "{yyyy}-{mm}-{dd} {clock}",
    "{yyyy}-{mm}-{dd}, {clock}",
    "{yyyy}/{mm}/{dd} {clock}",
    "{yyyy}/{mm}/{dd}-{clock}",
    "{yyyy}.{mm}.{dd} {clock}",
    "{yyyy}:{mm}:{dd} {clock}",
    "{dd}.{mm}.{yyyy} {clock}",
    "{dd}.{mm}.{yyyy}, {clock}",
    "{dd}/{mm}/{yyyy} {clock}",
    "{dd}/{mm}/{yyyy}, {clock}",
    "{dd}-{mm}-{yyyy} {clock}",
    "{mm}-{dd} {clock}",
    "{epoch}",
    "{month} {dd} {clock} {yyyy}{;}",
    "{month} {dd} {clock}",
    "{month} {dd} {yyyy} {clock}",
    "{month} {dd}, {yyyy} {clock}",
    "{month} {dd}, {yyyy} @ {clock}",
    "{yyyy} {month} {dd} {clock}",
    "{dd} {month} {yyyy} {clock}",
    "{dd}-{month}-{yyyy} {clock}",
    "{dd}/{month}/{yyyy}:{clock}",
    "{dd} {month} {clock}",
    "{month}{dd} {clock}",  // dmesg -e
    "{word} {month} {dd} {clock} {yyyy}{;}",
    "{word} {month} {dd} {clock} {zone} {yyyy}{;}",
    "{word} {month} {dd} {clock}",
    "{word} {dd} {month} {clock} {yyyy}{;}",
    "{word} {dd} {month} {yyyy} {clock}",
    "{word} {yyyy}-{mm}-{dd} {clock}",
};

}  // namespace

std::span<const PrefixShape> prefix_shapes() {
    return shapes;
}

std::span<const std::string_view> date_shapes() {
    return dates_of_loggers;
}

}  // namespace postmortem
