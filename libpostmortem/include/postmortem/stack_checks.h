// The answers to `bt -E` and `bt -v`: what was saved on the stacks of the CPUs, and whose stack overflowed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postmortem/api.h>
#include <postmortem/backtrace.h>
#include <postmortem/error.h>
#include <postmortem/problem.h>

namespace postmortem {

class CrashDump;

/// A stack of a CPU for interrupts or exceptions.
struct ScannedStack {
    std::uint32_t cpu = 0;
    StackKind kind = StackKind::Irq;
    std::uint64_t low = 0;          ///< lowest address
    std::uint64_t bytes = 0;        ///< its size
    std::vector<SavedFrame> saved;  ///< what looks like saved registers; they may overlap
};

struct StackScan {
    BacktraceStyle style;
    std::vector<ScannedStack> stacks;  ///< the interrupt stacks, then each CPU's exception stacks
    Problems problems;
};

/// Of all CPUs that had tasks to run, or of these. InvalidArgument where there is no such CPU.
POSTMORTEM_API Result<StackScan> scan_cpu_stacks(const CrashDump& dump,
                                                 const std::vector<std::uint32_t>& cpus = {});
POSTMORTEM_API std::string to_text(const StackScan& scan);
POSTMORTEM_API std::string to_json(const StackScan& scan);

/// A task whose stack shows signs of an overflow.
struct OverflownStack {
    std::int32_t pid = 0;
    std::uint64_t task = 0;  ///< address of the task_struct
    std::optional<std::uint32_t> cpu;
    std::string comm;  ///< untrusted
    /// What stands at the stack's end in place of STACK_END_MAGIC.
    std::optional<std::uint64_t> end_word;
    /// What the thread_info at the stack's end says, where it is wrong.
    std::optional<std::uint64_t> named_task;
    std::optional<std::uint64_t> named_cpu;
};

struct StackCheck {
    std::uint8_t address_digits = 16;
    std::uint32_t cpus = 0;             ///< that this kernel has
    std::uint64_t checked = 0;          ///< tasks that have a stack
    std::vector<OverflownStack> found;  ///< in the order of ps
    Problems problems;
};

POSTMORTEM_API StackCheck check_stacks(const CrashDump& dump);
POSTMORTEM_API std::string to_text(const StackCheck& check);
POSTMORTEM_API std::string to_json(const StackCheck& check);

}  // namespace postmortem
