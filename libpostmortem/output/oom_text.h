// The parts of an OOM event's screen that can also be had alone.
#pragma once

#include <string>

#include <postmortem/render_oom.h>

namespace postmortem {

/// The process table, sorted; the memory held decides where no column is named.
std::string oom_process_table(const OomEvent& event, const OomTextOptions& options);

}  // namespace postmortem
