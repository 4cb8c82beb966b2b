// The answer to `irq -d`: who serves the CPU's exceptions and interrupts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <postmortem/api.h>
#include <postmortem/error.h>
#include <postmortem/problem.h>

namespace postmortem {

class CrashDump;

struct InterruptVector {
    std::uint32_t number = 0;
    std::uint64_t handler = 0;
    std::string function;  ///< "asm_exc_page_fault", "irq_entries_start+8"; empty where no symbol covers it
};

struct InterruptVectors {
    std::uint8_t address_digits = 16;
    std::vector<InterruptVector> vectors;
    Problems problems;
};

/// The interrupt descriptor table (arch/x86/kernel/idt.c). Unsupported on architectures without one.
POSTMORTEM_API Result<InterruptVectors> interrupt_vectors(const CrashDump& dump);
POSTMORTEM_API std::string to_text(const InterruptVectors& table);
POSTMORTEM_API std::string to_json(const InterruptVectors& table);

}  // namespace postmortem
