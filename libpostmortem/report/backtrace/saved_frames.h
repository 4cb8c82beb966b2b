// What on a stack looks like registers that an exception, an interrupt or a system call saved.
#pragma once

#include <vector>

#include <postmortem/backtrace.h>

#include "kernel/unwind/frame_walker.h"

namespace postmortem {

/// Appends what is found on `stack`, from its lowest address on. They may overlap: what a later entry made of
/// an earlier one looks like one, too. An error tells that a part of the stack cannot be read; the rest is
/// searched.
Result<void> find_saved_frames(const StackRange& stack, FrameWalker& walker, std::vector<SavedFrame>& found);

/// The registers as an answer has them; those that only an entry saves where `at_entry`.
void fill_registers(std::vector<RegisterValue>& values, const Registers& registers, bool at_entry);

}  // namespace postmortem
