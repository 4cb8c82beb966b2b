#include "log/text/prefix_shapes.h"

namespace postmortem {
namespace {

constexpr PrefixShape shapes[] = {
    // printk's own clock, in the forms of printk, dmesg and vendors' kernels
    {"printk", "~[~{seconds}~]", behind::outside},
    {"printk delta", "~[~{seconds} <~{delta}>]", behind::outside},  // dmesg -d
    {"dmesg reltime", "~[~+{delta}]", behind::outside},             // dmesg -H
    {"dmesg delta", "~[<~{delta}>]", behind::outside},              // dmesg --time-format=delta
    {"printk @cpu", "~[~{seconds}@{cpu}]", behind::outside},        // Amlogic
    {"printk ,cpu", "~[~{seconds},{cpu}]", behind::outside},        // Motorola
    {"printk s", "~[~{seconds}s]", behind::outside},                // Huawei
    {"printk / date", "~[~{seconds} / {date}]", behind::outside},   // LG
    {"printk torn", "~{seconds}] [~{caller}]", behind::nothing},    // a program's output took the bracket
    {"printk torn", "~{seconds}][~{caller}]", behind::nothing},
    {"printk torn", "~{seconds}]", behind::nothing},
    {"caller", "[~{caller}]", behind::outside},  // printk.time=0
    {"level word printk", "{level}: [~{seconds}]", behind::nothing},
    {"kgsl", "~{seconds}: ~<{priority}> ({date})", behind::nothing},  // Android's last_kmsg of some vendors
    // what vendors' kernels and CONFIG_PRINTK_CALLER put behind the clock
    {"caller", "~[~{caller}]", behind::clock},
    {"samsung", "~{letter}[~{cpu}:~{task}:~{pid}]", behind::clock | behind::numeric | behind::tag},
    {"samsung", "~[~{cpu}:~{task}:~{pid}]", behind::clock},
    {"mediatek", "~({cpu})[{pid}:{task}]", behind::clock | behind::numeric | behind::tag},
    {"mediatek", "~-({cpu})[{pid}:{task}]", behind::clock | behind::numeric | behind::tag},
    {"mediatek", "~{task}: [name:{word}&]", behind::clock | behind::numeric | behind::tag},
    {"mediatek", "~[name:{word}&]", behind::clock | behind::numeric | behind::tag},
    {"huawei", "~[{date}]", behind::clock},
    {"huawei", "[pid:{pid},cpu{cpu},{task}]", behind::clock | behind::date | behind::numeric},
    {"cpu task", "~c{cpu} ~{pid} ({task})", behind::clock},
    {"cpu pid", "~c{cpu}_ {pid} {!}", behind::clock},  // Unisoc
    {"cpu", "~c{cpu} {!}", behind::clock},
    {"cpu", "[{cpu}]", behind::clock},  // LG
    {"cpu", "~[c{cpu}]", behind::clock},
    {"level", "~<{priority}>", behind::clock},
    {"level", " {word} KERN ", behind::clock},  // NVIDIA's boot logs
    {"elided", "[...] ", behind::nothing},
    {"elided", "[..] ", behind::nothing},
    {"journal short-monotonic", " {host} {kernel}", behind::clock},
    {"journal short-monotonic", " {kernel}", behind::clock},  // somebody took the host's name out
    // levels, /dev/kmsg, netconsole
    {"rfc5424", "<{priority}>1 {date} {host} {program} {word} {word} {structured} ",
     behind::nothing | behind::dates},
    {"rfc5424", "1 {date} {host} {program} {word} {word} {structured} ", behind::nothing},
    {"rfc5424", "<{priority}>1 {date}", behind::nothing},  // by a sender that goes on as RFC 3164 has it
    {"level", "<{priority}>", behind::outside},
    {"dmesg -x", "{facility}~:{level}~:~", behind::nothing},
    {"dmesg -x", "~{facility}~:{level}~:~", behind::dates},
    {"kmsg", "{priority},{num},{usec},{flags};", behind::outside},
    {"kmsg", "{release},{priority},{num},{usec},{flags};", behind::outside},
    {"kmsg", "~{host} {priority},{num},{usec},{flags};", behind::nothing | behind::dates},
    {"talos", "{host}: {facility}:~{level}: [{date}]:", behind::nothing},
    {"talos", "{facility}:~{level}: [{date}]:", behind::nothing},
    // containers
    {"cri", "{date} stdout F", behind::nothing},
    {"cri", "{date} stderr F", behind::nothing},
    {"cri", "{date} stdout P", behind::nothing},
    {"cri", "{date} stderr P", behind::nothing},
    // logcat
    {"logcat", "{date} ~{num} ~{num} {letter} {log tag}", behind::nothing},
    {"logcat", "{date} ~{word} ~{num} ~{num} {letter} {log tag}", behind::nothing},
    {"logcat brief", "{letter}/{program}~(~{num}):", behind::nothing},
    {"logcat brief", "{letter}/~(~{num}):", behind::nothing},
    // grep -H, grep -Hn, fluentd
    {"grep", "{path}:{num}:", behind::nothing},
    {"grep", "{path}:", behind::nothing},
    {"fluentd", " {word} {object}", behind::dates},
    // dates
    {"date", "~[{date}]", behind::nothing | behind::dates},
    {"date", "[{date} <~{delta}>]", behind::nothing},
    {"date", "({date})", behind::nothing},
    {"date", "[{word} {word} {num} {clock} {yyyy}]",
     behind::nothing},  // dmesg -T in a language without a row
    {"date", "~{date}", behind::nothing | behind::dates},
    {"clock", "[{clock}]", behind::nothing},  // terminals and serial consoles that stamp what they show
    {"samsung", "[~{cpu}:~{task}:~{pid}]", behind::nothing},  // printk.time=0
    // syslog, the journal, busybox: behind a date
    {"syslog", " ~{host} {facility}.{level} {tag}", behind::date},
    {"syslog", " ~{facility}.{level} {tag}", behind::dates},
    {"syslog", " ~{host} {tag}", behind::date},
    {"syslog", " ~{host} {strict tag}", behind::numeric},
    {"syslog", " ~{host} {host} {strict tag}", behind::dates},
    {"syslog", " ~{host} kernel ~{!}", behind::date | behind::numeric},  // a template that forgot the colon
    {"syslog", " ~{strict tag}", behind::dates},
    {"host", " ~{host} [~{seconds}]", behind::dates},
    {"host", " ~{host} <{priority}>", behind::dates},
    {"separator", "~|~", behind::dates | behind::tag},
    {"separator", "~;~", behind::dates | behind::tag},
    {"separator", "~,~", behind::dates | behind::tag},
    {"separator", "~-~{!}", behind::dates},
    {"csv", "~,~{host},kernel,", behind::dates},
    // somebody cut the dates off
    {"syslog", "~{kernel}", behind::nothing | behind::tag},
    {"syslog", "~{host} {kernel}", behind::nothing},
    {"syslog", "~{facility}.{level} {tag}", behind::nothing},
    {"program", "~{host} {program}[{num}]: [~{seconds}]", behind::nothing},
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
