// What an architecture knows of its kernels' structs without types: what the hardware lays out, and what
// holds the same twice. From it kernel/layout infers the rest.
#pragma once

#include <span>

#include "arch/arch.h"

namespace postmortem {

/// A member whose place the hardware sets, or of a struct that has no other.
struct FixedMember {
    const char* type = nullptr;
    const char* member = nullptr;
    std::uint32_t offset = 0;
};

/// A member of a per-CPU struct that points to the last word of a stack, and the per-CPU variable that is its
/// memory.
struct StackMapping {
    const char* variable = nullptr;
    const char* type = nullptr;
    const char* member = nullptr;
    const char* memory = nullptr;
};

/// Stacks that are members of one struct, as long as an array that the hardware reads holds their ends.
struct MappedStacks {
    const char* pointer = nullptr;         ///< per-CPU: to the struct
    const char* type = nullptr;            ///< of the struct
    const char* ends = nullptr;            ///< per-CPU: the variable in which the array lies …
    std::uint32_t ends_at = 0;             ///< … and where
    std::uint32_t guard = 0;               ///< bytes before each stack that are not its own
    std::span<const char* const> members;  ///< in the order of the array; the last ones may be absent
};

/// A member of task_struct that keeps where a task goes on that does not run: in one of these functions.
struct SavedIp {
    const char* member = nullptr;
    const char* replaced_by = nullptr;  ///< kernels that have this function keep it elsewhere
    std::span<const char* const> functions;
};

struct LayoutClues {
    /// Per-CPU variables that begin with a pointer to the task that the CPU runs.
    std::span<const char* const> current_task;
    std::span<const FixedMember> fixed;
    std::span<const StackMapping> stacks;
    const MappedStacks* exception_stacks = nullptr;
    SavedIp saved_ip{};
};

}  // namespace postmortem
