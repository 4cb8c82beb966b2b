// What the parts of the verdict share: the event, the verdict as it grows, and how findings are worded. Used
// for the text of a log and for what a dump's memory tells, which fill the same structs.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include <postmortem/oom.h>

#include "output/sizes.h"
#include "report/oom/oom_units.h"

namespace postmortem::oom {

OomFinding finding(OomFindingKind kind, std::string text, std::initializer_list<OomEvidence> numbers = {});
OomEvidence evidence(std::string_view name, std::uint64_t value, std::string_view unit);

/// ", most of it in the kernel's slab caches": what holds the memory besides the processes' own pages, if
/// anything.
std::string holder_text(const OomVerdict& verdict);

/// The sum of Mem-Info; nothing where a part that matters is missing.
std::optional<OomBalance> balance_of(const OomEvent& event);

void explain_global(const OomEvent& event, OomVerdict& verdict);  // oom_why_global.cpp
void explain_swap(const OomEvent& event, OomVerdict& verdict);    // oom_why_global.cpp
void explain_memcg(const OomEvent& event, OomVerdict& verdict);   // oom_why_memcg.cpp
void explain_holders(const OomEvent& event,
                     OomVerdict& verdict);  // oom_who.cpp: kernel, page cache, processes
void explain_victim(const OomEvent& event, OomVerdict& verdict);                // oom_victim.cpp
void suggest_next_steps(const OomEvent& event, OomVerdict& verdict);            // oom_steps.cpp
void suggest_steps_for_lost_parts(const OomEvent& event, OomVerdict& verdict);  // oom_lost_steps.cpp

/// The process that the rule of 2.6.36 and later picks from the table; nothing where the table cannot tell.
const OomTask* predicted_victim(const OomEvent& event);

}  // namespace postmortem::oom
