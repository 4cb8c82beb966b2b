// Names a report: its rule, the function to blame, the title, and whether the report is whole.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "log/events/report.h"

namespace postmortem {

struct Candidate {
    std::string function;  ///< as printed, without compiler suffix
    std::string module;
};

struct Naming {
    EventClass event_class = EventClass::OtherBug;
    std::string title;
    std::vector<std::string> alternatives;
    std::vector<Candidate> candidates;  ///< the informative functions, from the top
    bool blames_entry = false;  ///< Choice::Stall: what stands above the blamed function is its callees' loop
    std::size_t blamed = 0;     ///< index of the candidate in the title
    bool blames_nobody = false;          ///< none of the candidates is what the rule looks for
    std::string corruption;              ///< empty where the report is whole
    const CompiledRule* rule = nullptr;  ///< the one that named it
    std::vector<std::string> captures;   ///< what it held
    std::optional<Candidate> named;      ///< the function that its head or detail names
};

Naming name_report(const Report& report);

}  // namespace postmortem
