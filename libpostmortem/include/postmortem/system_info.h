// The answer to `sys`: which kernel, on which machine, when, and why it died.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <postmortem/problem.h>

namespace postmortem {

/// One bit of the kernel's taint mask (Documentation/admin-guide/tainted-kernels.rst).
struct TaintFlag {
    unsigned bit = 0;
    char letter = '?';    ///< as in "Tainted: P"; '?' for a bit newer than this library
    std::string meaning;  ///< a few words
};

struct NumaNode {
    std::uint32_t id = 0;
    std::uint64_t start_pfn = 0;
    std::uint64_t spanned_bytes = 0;  ///< from its first page to its last, holes included
    std::uint64_t present_bytes = 0;  ///< without the holes
};

/// All text comes from the dump and is untrusted. What could not be had is empty, and told in `problems`.
struct SystemInfo {
    // The dump and what explains it.
    std::string dump_path;
    std::string dump_format;                  ///< e.g. "kdump-compressed v6"
    std::optional<std::uint32_t> dump_level;  ///< makedumpfile's -d, where the format records it
    bool dump_incomplete = false;             ///< its writer flagged it as cut short
    std::string vmlinux;                      ///< the vmlinux in use; empty where the dump explains itself
    std::string symbol_source;                ///< "kallsyms", "vmlinux", …
    std::string type_source;                  ///< "BTF", "DWARF of …"

    // The kernel.
    std::string nodename, release, version, machine;
    std::string build_id;                        ///< hexadecimal
    std::optional<std::uint64_t> kernel_offset;  ///< how far KASLR moved the kernel's image: bytes
    std::optional<std::uint64_t> page_size;      ///< bytes
    std::string command_line;
    std::optional<std::uint64_t> taint_mask;
    std::vector<TaintFlag> taints;  ///< the mask's bits, lowest first

    // When. Clocks stand still after the panic: both are those of its last timer tick.
    std::optional<std::int64_t> crash_time;      ///< seconds since 1970 in UTC
    std::optional<std::uint32_t> crash_time_ns;  ///< nanoseconds to add
    std::optional<double> uptime_seconds;        ///< since boot, suspended time included: as /proc/uptime
    std::optional<double> jiffies_seconds;       ///< by the jiffies counter, as crash: without suspended time
    std::optional<std::array<double, 3>> load_average;  ///< over 1, 5 and 15 minutes

    // The machine.
    std::vector<std::uint32_t> cpus_possible, cpus_present, cpus_online;
    std::optional<std::uint32_t> cpu_khz;
    std::string cpu_model;
    std::vector<NumaNode> nodes;                ///< those with memory
    std::optional<std::uint64_t> memory_bytes;  ///< present in all nodes
    std::optional<std::uint64_t> usable_bytes;  ///< given to the page allocator: MemTotal of /proc/meminfo
    std::string hypervisor;                     ///< "KVM", …; "none" on bare hardware
    std::vector<std::pair<std::string, std::string>>
        dmi;  ///< e.g. {"sys_vendor", "QEMU"}, the kernel's order

    std::optional<std::uint64_t> task_count;  ///< threads, the idle ones of each CPU included
    std::string panic_message;                ///< empty where the log tells of no panic

    Problems problems;
};

}  // namespace postmortem
