// What a report's lines say besides its name: CPU, task, kernel, taint, registers, addresses, the call trace.
#pragma once

#include "log/events/report.h"

namespace postmortem {

void read_details(const Report& report, LogEvent& event);

/// The release in a boot banner, "Linux version 6.1.0-18-amd64 (debian..."; empty for any other line.
std::string_view release_of_banner(std::string_view text);

/// The n of die()'s "[#n]".
std::optional<unsigned> die_count_of(std::string_view text);

}  // namespace postmortem
