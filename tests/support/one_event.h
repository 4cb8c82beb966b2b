// Logs of a few lines, each with the same time in front.
#pragma once

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <postmortem/log_analysis.h>

namespace postmortem::test {

inline const std::vector<std::string> oops_body = {"CPU: 0 PID: 77 Comm: cat Not tainted 6.1.0 #1",
                                                   "pc : widget_read+0x10/0x40",
                                                   "Call Trace:",
                                                   " widget_open+0x20/0x50",
                                                   " vfs_read+0x9d/0x190",
                                                   " ksys_read+0x1/0x2",
                                                   "---[ end trace 0000000000000000 ]---"};

/// The lines, and an oops's body below them.
inline std::vector<std::string> with_body(std::vector<std::string> lines) {
    lines.insert(lines.end(), oops_body.begin(), oops_body.end());
    return lines;
}

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
