// The answer to `mach`: what the machine was made of, as far as the architecture keeps it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postmortem/backtrace.h>
#include <postmortem/struct_view.h>

namespace postmortem {

/// Where a part of the kernel's address space begins.
struct MachineBase {
    std::string title;  ///< "KERNEL VMALLOC BASE"
    std::optional<std::uint64_t> address;
};

struct MachineStack {
    std::uint32_t cpu = 0;
    StackKind kind = StackKind::Irq;
    std::uint64_t lowest = 0, bytes = 0;
    bool mapped = true;
};

/// A range of physical memory, as the firmware told it.
struct FirmwareRange {
    std::uint64_t first = 0, end = 0;
    std::uint32_t number = 0;  ///< of its type
    std::string type;          ///< "E820_RAM"
};

struct MachineCpu {
    std::uint32_t cpu = 0;
    StructInstance info;
};

struct Machine {
    std::string type;  ///< "x86_64"
    std::optional<std::uint64_t> memory_bytes;
    std::uint32_t cpus = 0;
    std::optional<std::uint32_t> cpus_counted, cpus_online;  ///< those up to the highest that is present
    std::string hypervisor;                                  ///< empty: none, or not known
    std::optional<std::uint32_t> khz, hz;
    std::uint32_t page_bytes = 4096;
    std::vector<MachineBase> bases;
    std::uint64_t task_stack_bytes = 0;
    std::vector<MachineStack> stacks;
    std::vector<FirmwareRange> memory_map;  ///< where it was asked for
    std::string cpu_type;                   ///< of MachineCpu::info
    std::vector<MachineCpu> cpu_infos;      ///< where they were asked for
    Problems problems;
};

struct MachineRequest {
    bool memory_map = false, cpu_infos = false;
};

/// Unsupported where a part is asked for that this architecture does not have.
POSTMORTEM_API Result<Machine> machine(const CrashDump& dump, const MachineRequest& request = {});

struct MachinePrinting {
    bool memory_map = false, cpu_infos = false, hexadecimal = false;
};
POSTMORTEM_API std::string to_text(const Machine& machine, const MachinePrinting& printing = {});
POSTMORTEM_API std::string to_json(const Machine& machine);

}  // namespace postmortem
