// `sys` as crash 9 prints it: the same fields in the same order and the same rounding.
#include <cmath>
#include <ctime>

#include <fmt/format.h>

#include <postmortem/render.h>

#include "base/text.h"
#include "output/dotted.h"
#include "output/sizes.h"
#include "report/system/cpu_count_text.h"

namespace postmortem {
namespace {

constexpr const char* unknown = "(unknown)";

std::string or_unknown(const std::string& text) {
    return text.empty() ? unknown : dotted(text);
}

std::string kernel_image(const SystemInfo& info) {
    if (!info.vmlinux.empty()) return escaped(info.vmlinux);
    if (info.symbol_source.empty()) return unknown;
    return fmt::format("from the dump ({}, {})", info.symbol_source, escaped(info.type_source));
}

std::string kernel(const SystemInfo& info) {
    std::string line = kernel_image(info);
    constexpr unsigned live_patched = 15;
    if (info.taint_mask.value_or(0) >> live_patched & 1) line += "  [LIVEPATCH]";
    if (info.taint_mask.value_or(0) != 0) line += "  [TAINTED]";
    return line;
}

// A kdump-compressed dump is partial where it was filtered; crash says nothing of filtered ELF dumps.
std::string dump_file(const SystemInfo& info) {
    const bool compressed = info.dump_format.find("kdump") != std::string::npos;
    const bool partial = compressed && info.dump_level.value_or(0) > 0;
    std::string line = escaped(info.dump_path);
    if (partial || info.dump_incomplete) line += ' ';
    if (partial) line += " [PARTIAL DUMP]";
    if (info.dump_incomplete) line += " [INCOMPLETE]";
    return line;
}

// crash counts up to the highest CPU that is present.
std::string cpus(const SystemInfo& info) {
    const auto& present = info.cpus_present.empty() ? info.cpus_possible : info.cpus_present;
    if (present.empty()) return unknown;
    const std::size_t count = present.back() + 1ull;
    const std::size_t online = info.cpus_online.empty() ? count : info.cpus_online.size();
    return cpu_count_text(count, online);
}

std::string date(const SystemInfo& info) {
    if (!info.crash_time) return unknown;
    const std::time_t seconds = static_cast<std::time_t>(*info.crash_time);
    std::tm local{};
    if (!localtime_r(&seconds, &local)) return fmt::format("{}", *info.crash_time);
    char buffer[64];
    const std::size_t length = std::strftime(buffer, sizeof buffer, "%a %b %e %T %Z %Y", &local);
    return std::string(buffer, length);
}

// By jiffies, as crash has it, unless these miss time: what the machine slept through, and ticks that were
// lost.
const std::optional<double>& time_up(const SystemInfo& info) {
    if (!info.jiffies_seconds || !info.uptime_seconds)
        return info.jiffies_seconds ? info.jiffies_seconds : info.uptime_seconds;
    const bool agree = std::abs(*info.uptime_seconds - *info.jiffies_seconds) <= 1;
    return agree ? info.jiffies_seconds : info.uptime_seconds;
}

std::string uptime(const SystemInfo& info) {
    const auto& seconds = time_up(info);
    if (!seconds || !(*seconds >= 0 && *seconds < 1e15)) return unknown;
    const auto whole = static_cast<std::uint64_t>(*seconds);
    const std::uint64_t days = whole / 86400;
    return fmt::format("{}{:02}:{:02}:{:02}", days ? fmt::format("{} days, ", days) : "", whole / 3600 % 24,
                       whole / 60 % 60, whole % 60);
}

// LOAD_INT() and LOAD_FRAC() of the kernel, on the number that it keeps.
std::string load_average(const SystemInfo& info) {
    if (!info.load_average) return unknown;
    constexpr std::uint64_t fixed_one = 1 << 11;
    std::string line;
    for (const double average : *info.load_average) {
        const bool sane = average >= 0 && average < 1e12;
        const std::uint64_t rounded =
            static_cast<std::uint64_t>(sane ? average * fixed_one : 0) + fixed_one / 200;
        line += fmt::format("{}{}.{:02}", line.empty() ? "" : ", ", rounded / fixed_one,
                            rounded % fixed_one * 100 / fixed_one);
    }
    return line;
}

std::string machine(const SystemInfo& info) {
    const std::string speed =
        info.cpu_khz && *info.cpu_khz != 0 ? fmt::format("{}", *info.cpu_khz / 1000) : "unknown";
    return fmt::format("{}  ({} Mhz)", or_unknown(info.machine), speed);
}

std::string memory(const SystemInfo& info) {
    return info.memory_bytes ? machine_size(*info.memory_bytes) : unknown;
}

std::string panic(const SystemInfo& info) {
    const bool details = info.panic_message.find("Oops: ") != std::string::npos;
    return fmt::format("\"{}\"{}", dotted(info.panic_message), details ? " (check log for details)" : "");
}

}  // namespace

std::string to_text(const SystemInfo& info) {
    std::string out;
    const auto line = [&](const char* label, const std::string& value) {
        fmt::format_to(std::back_inserter(out), "{:>12}: {}\n", label, value);
    };
    line("KERNEL", kernel(info));
    line("DUMPFILE", dump_file(info));
    line("CPUS", cpus(info));
    line("DATE", date(info));
    line("UPTIME", uptime(info));
    line("LOAD AVERAGE", load_average(info));
    line("TASKS", info.task_count ? fmt::format("{}", *info.task_count) : unknown);
    line("NODENAME", or_unknown(info.nodename));
    line("RELEASE", or_unknown(info.release));
    line("VERSION", or_unknown(info.version));
    line("MACHINE", machine(info));
    line("MEMORY", memory(info));
    line("PANIC", panic(info));
    return out;
}

}  // namespace postmortem
