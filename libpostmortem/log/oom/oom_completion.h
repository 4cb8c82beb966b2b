// What is told of an event once all its lines are in: whose memory it was, what its gfp mask means, what is
// missing from the report.
#pragma once

#include <postmortem/oom.h>

namespace postmortem::oom {

/// `memcg_in_trace`: the call trace came from a cgroup's charge.
void complete_event(OomEvent& event, bool memcg_in_trace);

}  // namespace postmortem::oom
