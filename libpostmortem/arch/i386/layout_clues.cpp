#include "arch/layout_clues.h"

#include "arch/i386/i386.h"
#include "arch/x86/machine.h"

namespace postmortem::i386 {
namespace {

// switch_to() before 4.9 (0100301bfdf5); __schedule() since 2.6.37 (c259e01a1ec9), before that schedule().
constexpr const char* resume_in[] = {"__schedule", "schedule", "ret_from_fork", "ret_from_kernel_thread"};

}  // namespace

const LayoutClues layout_clues = {
    x86::current_task_variables, {}, {}, nullptr, {"thread.ip", "__switch_to_asm", resume_in}};

}  // namespace postmortem::i386
