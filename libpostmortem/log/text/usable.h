// Whether a file that was read as a kernel log was one at all.
#pragma once

#include <optional>

#include <postmortem/log_analysis.h>

namespace postmortem {

/// Why nothing can be said of the log: it is empty, or nothing was found in it and it could not be read whole
/// or is no text. Nothing where "no crash" is an answer.
std::optional<Error> why_unusable(const LogAnalysis& analysis);

}  // namespace postmortem
