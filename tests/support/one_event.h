// Logs of a few lines, each with the same time in front.
#pragma once

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <postmortem/log_analysis.h>

namespace postmortem::test {

inline LogAnalysis analysed(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) text += "[    1.000000] " + line + "\n";
    return analyse_log_text(text);
}

inline LogEvent only(const std::vector<std::string>& lines) {
    const LogAnalysis analysis = analysed(lines);
    REQUIRE(analysis.events.size() == 1);
    return analysis.events[0];
}

}  // namespace postmortem::test
