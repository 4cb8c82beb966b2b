// The parts of an OOM event's description.
#pragma once

#include <postmortem/oom.h>

#include "output/describe.h"

namespace postmortem {

void describe(Describer<OomTrigger>& trigger);
void describe(Describer<CgroupName>& name);
void describe(Describer<OomMemcgUsage>& usage);
void describe(Describer<OomMemcgStats>& stats);
void describe(Describer<OomMemInfo>& memory);
void describe(Describer<OomTaskTable>& table);
void describe(Describer<OomVictim>& victim);
void describe(Describer<OomSelected>& selected);
void describe(Describer<OomVerdict>& verdict);

}  // namespace postmortem
