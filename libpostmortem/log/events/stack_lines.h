// The lines that reports are steered by: where traces begin, what a frame is, what tells of torn reports.
#pragma once

#include <optional>
#include <string_view>

namespace postmortem {

/// "Call Trace:", "Backtrace:"
bool opens_call_trace(std::string_view line);

/// Anything that a list of frames follows: call traces, KASAN's "Allocated by task n:", kmemleak's
/// "backtrace:". Which of these kinds the line opens; empty where none.
std::string_view stack_kind(std::string_view line);

/// What memory has been through: a sanitizer's "Allocated by task n:", "Freed by task n:", "Last potentially
/// related work creation:". The stacks below it are no call trace.
bool opens_history(std::string_view line);

inline bool opens_stack(std::string_view line) {
    return !stack_kind(line).empty();
}

/// riscv prints a stack behind its registers without a word; that line opens a stack, but may stay without
/// one.
bool is_riscv_status(std::string_view line);

/// The text of a frame from its function on: " [<ffffffff81>] f+0x1/0x2 [m]" gives "f+0x1/0x2 [m]".
std::optional<std::string_view> stack_frame(std::string_view line);

/// The instruction pointer's line, as loosely as reports have it. An empty text: it is there, without a
/// function.
std::optional<std::string_view> instruction_pointer_text(std::string_view line);

/// arm names callee and caller: "[<c0014318>] (f) from [<c001457c>] (g+0x24/0x2c)", " f from g+0x18/0x1c".
bool is_arm_frame(std::string_view line);

/// Fault injection prints stacks in the middle of other reports.
bool is_injected_fault(std::string_view line);

}  // namespace postmortem
