// The Mem-Info part of a report: totals, nodes, zones, free lists, huge pages, swap, slab caches. Sources:
// mm/show_mem.c (6.2+), mm/page_alloc.c: show_free_areas and lib/show_mem.c before, mm/slab_common.c.
#pragma once

#include <string_view>

#include <postmortem/oom.h>

#include "log/oom/oom_shape.h"

namespace postmortem::oom {

/// Reads one line into `memory`; false where the shape is none of Mem-Info's, or the line says nothing.
bool read_memory_line(Shape shape, std::string_view text, OomMemInfo& memory);

}  // namespace postmortem::oom
