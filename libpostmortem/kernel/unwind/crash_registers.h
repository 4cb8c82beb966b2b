// The registers of each CPU when the kernel died: what the dying kernel saved itself, or what QEMU wrote.
// kernel/crash_core.c (crash_save_cpu()), fs/proc/vmcore.c.
#pragma once

#include <cstdint>
#include <map>

#include <postmortem/problem.h>

#include "arch/registers.h"
#include "kernel/kernel.h"

namespace postmortem {

struct CpuRegisters {
    enum class Source : std::uint8_t {
        CrashNotes,  ///< the kernel's crash_notes: as of when the CPU was stopped, a little before the dump
        Hypervisor,  ///< QEMU: as of the dump itself
        ElfNote,     ///< a note of the dump file whose CPU had to be guessed
    };

    Registers registers;
    Source source = Source::CrashNotes;
};

struct CrashRegisters {
    std::map<std::uint32_t, CpuRegisters> by_cpu;  ///< a CPU that saved none is absent
    Problems problems;

    const CpuRegisters* of_cpu(std::uint32_t cpu) const {
        const auto found = by_cpu.find(cpu);
        return found == by_cpu.end() ? nullptr : &found->second;
    }
};

/// Whether a virtual CPU had left the kernel of the dump: for the capture kernel, which has a per-CPU base of
/// its own, or for the code between the two, which runs where users' addresses are. `base_is_known`: the base
/// is that of one of the kernel's CPUs.
bool ran_other_code(const HypervisorCpu& cpu, bool base_is_known, const MemoryLayout& layout);

CrashRegisters read_crash_registers(const Kernel& kernel);

}  // namespace postmortem
