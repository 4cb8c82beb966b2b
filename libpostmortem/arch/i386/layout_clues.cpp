#include "arch/layout_clues.h"

#include "arch/i386/i386.h"
#include "arch/x86/machine.h"

namespace postmortem::i386 {

const LayoutClues layout_clues = {x86::current_task_variables, {}, {}, nullptr};

}  // namespace postmortem::i386
