// The analyser's inner door: the same pass over a log, with somebody looking on.
#pragma once

#include <functional>
#include <string_view>

#include <postmortem/log_analysis.h>

namespace postmortem {

/// As the public analyse_log(); `watch` is called with the text of every line that may be the kernel's.
Result<LogAnalysis> analyse_log(const std::filesystem::path& path, const LogAnalysisOptions& options,
                                const std::function<void(std::string_view)>& watch);

}  // namespace postmortem
