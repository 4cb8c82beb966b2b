// A dump's memory in the terms of an OOM report, so that one set of questions is put to both.
#pragma once

#include <postmortem/memory_picture.h>
#include <postmortem/oom.h>
#include <postmortem/oom_tasks.h>

namespace postmortem {

/// Zones, counters, slab caches and processes as the kernel would have printed them had it run out of memory
/// at the crash. `processes` may be null.
OomEvent make_oom_scene(const MemoryPicture& picture, const OomTable* processes);

/// The sum over MemTotal, counted from memory: it knows of vmalloc, per-CPU memory and more that no report
/// shows.
std::optional<OomBalance> make_oom_balance(const MemoryPicture& picture);

}  // namespace postmortem
