// The parts of an OOM event's screen that can also be had alone.
#pragma once

#include <string>

#include <postmortem/render_oom.h>

namespace postmortem {

/// The process table, sorted; the memory held decides where no column is named.
std::string oom_process_table(const OomEvent& event, const OomTextOptions& options);

/// The sentence on top of an answer, and the lists below it: why, who, what next, what is not known.
void append_summary(std::string& out, const OomVerdict& verdict, const OomTextOptions& options);
void append_findings(std::string& out, const OomEvent& event, const OomVerdict& verdict,
                     const OomTextOptions& options);

}  // namespace postmortem
