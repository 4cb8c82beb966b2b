#include <ctime>

#include <fmt/format.h>

#include <postmortem/render.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {
namespace {

// "2026-11-21T02:39:26.123456789Z"
std::optional<std::string> utc_time(const SystemInfo& info) {
    if (!info.crash_time) return std::nullopt;
    const std::time_t seconds = static_cast<std::time_t>(*info.crash_time);
    std::tm utc{};
    char buffer[64];
    if (!gmtime_r(&seconds, &utc)) return std::nullopt;
    std::string text(buffer, std::strftime(buffer, sizeof buffer, "%Y-%m-%dT%H:%M:%S", &utc));
    if (info.crash_time_ns) text += fmt::format(".{:09}", *info.crash_time_ns);
    return text + "Z";
}

std::string letters(const SystemInfo& info) {
    std::string text;
    for (const TaintFlag& flag : info.taints) text += flag.letter;
    return text;
}

void describe_dump(Describer<SystemInfo>& dump) {
    dump.add("path", &SystemInfo::dump_path, "as it was given");
    dump.add("format", &SystemInfo::dump_format, "`kdump-compressed v6`, …");
    dump.add("level", &SystemInfo::dump_level, "makedumpfile's -d, where the format records it");
    dump.add("incomplete", &SystemInfo::dump_incomplete, "its writer flagged it as cut short");
}

void describe_kernel(Describer<SystemInfo>& kernel) {
    kernel.add("release", &SystemInfo::release, "as uname -r").or_null();
    kernel.add("version", &SystemInfo::version, "as uname -v").or_null();
    kernel.add("nodename", &SystemInfo::nodename, "as uname -n").or_null();
    kernel.add("machine", &SystemInfo::machine, "as uname -m").or_null();
    kernel.add("build_id", &SystemInfo::build_id, "of the vmlinux").or_null();
    kernel.add("offset", &SystemInfo::kernel_offset, "how far KASLR moved the kernel's image: bytes")
        .address();
    kernel.add("page_size_bytes", &SystemInfo::page_size, "the size of a page");
    kernel.add("command_line", &SystemInfo::command_line, "as /proc/cmdline").or_null();
    kernel.add("vmlinux", &SystemInfo::vmlinux, "that is in use; null where the dump explains itself")
        .or_null();
    kernel.add("symbol_source", &SystemInfo::symbol_source, "where symbols come from").or_null();
    kernel.add("type_source", &SystemInfo::type_source, "where types come from").or_null();
}

void describe_taint(Describer<SystemInfo>& taint) {
    taint.add("mask", &SystemInfo::taint_mask, "as /proc/sys/kernel/tainted").address();
    taint.add("letters", letters, "its bits as the kernel's letters");
    taint.add("flags", &SystemInfo::taints, "its bits, lowest first");
}

void describe_time(Describer<SystemInfo>& time) {
    time.add("crash_utc", utc_time, "when it died: ISO 8601");
    time.add("crash_unix_seconds", &SystemInfo::crash_time, "the same since 1970");
    time.add("uptime_seconds", &SystemInfo::uptime_seconds,
             "since boot, suspended time included: as /proc/uptime");
    time.add("jiffies_seconds", &SystemInfo::jiffies_seconds,
             "by the jiffies counter, as crash: without suspended time");
    time.add("load_average", &SystemInfo::load_average, "over 1, 5 and 15 minutes");
}

void describe_cpus(Describer<SystemInfo>& cpus) {
    cpus.add("possible", &SystemInfo::cpus_possible, "their numbers");
    cpus.add("present", &SystemInfo::cpus_present, "their numbers");
    cpus.add("online", &SystemInfo::cpus_online, "their numbers");
    cpus.add("khz", &SystemInfo::cpu_khz, "clock rate");
    cpus.add("model", &SystemInfo::cpu_model, "as /proc/cpuinfo names it").or_null();
}

void describe_memory(Describer<SystemInfo>& memory) {
    memory.add("present_bytes", &SystemInfo::memory_bytes, "in all nodes");
    memory.add("usable_bytes", &SystemInfo::usable_bytes,
               "given to the page allocator: MemTotal of /proc/meminfo");
    memory.add("nodes", &SystemInfo::nodes, "NUMA nodes with memory");
}

void describe_hardware(Describer<SystemInfo>& hardware) {
    hardware.add("hypervisor", &SystemInfo::hypervisor, "`KVM`, …; `none` on bare hardware").or_null();
    hardware.map("dmi", &SystemInfo::dmi, "as /sys/class/dmi/id: `sys_vendor`, `product_name`, …");
}

void describe_system_summary(Describer<SystemInfo>& system) {
    system.is("system", "Which kernel died, on which machine, when");
    system.group("dump", describe_dump, "the file");
    system.group("kernel", describe_kernel, "which, and what explains it");
    system.group("taint", describe_taint, "what makes the kernel suspect")
        .only_if([](const SystemInfo& info) { return info.taint_mask.has_value(); });
    system.group("time", describe_time,
                 "clocks stand still after the panic: both are those of its last timer tick");
    system.group("cpus", describe_cpus, "the machine's");
    system.group("memory", describe_memory, "the machine's");
    system.group("hardware", describe_hardware, "what the firmware says");
    system.add("task_count", &SystemInfo::task_count, "threads, the idle ones of each CPU included");
    system.add("panic_message", &SystemInfo::panic_message, "null where the log tells of no panic").or_null();
}

}  // namespace

void describe(Describer<TaintFlag>& flag) {
    flag.is("taint flag", "A bit of the kernel's taint mask");
    flag.add("bit", &TaintFlag::bit, "its number");
    flag.add(
        "letter", [](const TaintFlag& f) { return std::string(1, f.letter); },
        "as in \"Tainted: P\"; `?` for a bit newer than this program");
    flag.add("meaning", &TaintFlag::meaning, "a few words");
}

void describe(Describer<NumaNode>& node) {
    node.add("id", &NumaNode::id, "its number");
    node.add("start_pfn", &NumaNode::start_pfn, "number of its first page");
    node.add("spanned_bytes", &NumaNode::spanned_bytes, "from its first page to its last, holes included");
    node.add("present_bytes", &NumaNode::present_bytes, "without the holes");
}

const Description& system_summary() {
    static const Description summary = described_by(describe_system_summary);
    return summary;
}

void describe(Describer<SystemInfo>& system) {
    describe_system_summary(system);
    system.is("", "").is_document();
    add_problems(system);
}

std::string to_json(const SystemInfo& info) {
    return json_document(info);
}

}  // namespace postmortem
