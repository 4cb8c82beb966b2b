// The answer to `irq`: the interrupt lines, who serves them, and how often they came.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postmortem/api.h>
#include <postmortem/error.h>
#include <postmortem/problem.h>

namespace postmortem {

class CrashDump;

/// A function that serves an interrupt, for one device. Text is untrusted.
struct IrqAction {
    std::uint64_t address = 0;  ///< of its struct irqaction
    std::string name;           ///< the device's, as /proc/interrupts has it
    std::uint64_t handler = 0;
    std::string handler_name;
};

struct IrqLine {
    std::uint32_t number = 0;
    std::uint64_t descriptor = 0;  ///< its struct irq_desc; 0: this number has none
    std::vector<IrqAction> actions;
    std::string chip;  ///< "IO-APIC"
    std::string flow;  ///< "edge"
    std::optional<std::uint64_t> hardware_number;
    std::vector<std::uint32_t> affinity;               ///< the CPUs that may serve it
    std::vector<std::optional<std::uint32_t>> counts;  ///< how often it came, by InterruptTable::cpus
};

/// What is done behind interrupts.
struct SoftIrq {
    std::uint32_t number = 0;
    std::uint64_t action = 0;
    std::string function;
};

struct InterruptTable {
    std::uint8_t address_digits = 16;
    std::vector<std::uint32_t> cpus;
    std::vector<IrqLine> lines;  ///< by number, up to the kernel's highest
    std::vector<SoftIrq> softirqs;
    Problems problems;
};

struct InterruptRequest {
    std::vector<std::uint32_t> numbers;  ///< these lines alone
    std::vector<std::uint32_t> cpus;     ///< the counts of these alone
};

/// InvalidArgument where there is no such line or CPU.
POSTMORTEM_API Result<InterruptTable> interrupts(const CrashDump& dump, const InterruptRequest& request = {});

enum class InterruptView : std::uint8_t {
    Lines,       ///< descriptors and actions of all numbers
    UsedLines,   ///< of those that have a descriptor
    Affinities,  ///< which CPUs may serve which line
    Counts,      ///< as /proc/interrupts
    SoftIrqs,    ///< what is done behind interrupts
};
POSTMORTEM_API std::string to_text(const InterruptTable& table, InterruptView view = InterruptView::Lines);
POSTMORTEM_API std::string to_json(const InterruptTable& table);
POSTMORTEM_API std::string to_ndjson(const InterruptTable& table);

}  // namespace postmortem
