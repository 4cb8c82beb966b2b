#include "log/text/usable.h"

namespace postmortem {

std::optional<Error> why_unusable(const LogAnalysis& analysis) {
    if (!analysis.events.empty()) return std::nullopt;
    if (!analysis.problems.empty()) return analysis.problems.front();
    if (analysis.lines == 0) return Error(ErrorCode::InvalidArgument, "the file is empty");
    return std::nullopt;
}

}  // namespace postmortem
