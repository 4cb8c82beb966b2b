// A short id for a bug: the same on every build and every boot, another for another bug.
//
// It is made from the class of the event and up to three functions, from the one to blame towards its
// callers:
//  - functions that say nothing (reporting, locks, allocators, string and list helpers) are left out,
//  - compiler suffixes, system call prefixes, offsets, addresses and build-ids are left out,
//  - of a stall, where any place of a loop may be caught, the functions run from the entry of the loop to its
//  callees,
//  - where the function to blame is in a module, only frames of that module count,
//  - callers from a dispatcher on (system call entry, vfs_write(), kthread(), ...) are left out,
//  - where there is no such function, the title stands in for it, with the function that the CPU was in.
// The id is the first 48 bits of the FNV-1a hash of "class|function|function|function", in hexadecimal.
#pragma once

#include "log/events/naming.h"

namespace postmortem {

void sign(const Naming& naming, LogEvent& event);

}  // namespace postmortem
