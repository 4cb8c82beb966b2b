// The ways to die of testdata/lab, and the right answers for them: testdata/lab/expected/ways.yaml.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace postmortem::test {

inline constexpr std::string_view lab_suites[] = {"bullseye", "bookworm", "trixie", "sid"};

/// What is to be found on one suite's kernel; see the head of ways.yaml. Empty strings: nothing is expected.
struct Way {
    std::string name;  ///< of the scenario: "mod-null"
    std::string title, event_class, function, module, blames;
    std::string same_as;    ///< the scenario that is the very same bug
    bool log_only = false;  ///< this scenario leaves a log and no dump
    bool survives = false;  ///< the kernel does: this is its first event, not the cause of death
};

/// Those that this suite's kernel can die of.
std::vector<Way> ways_of(std::string_view suite);

}  // namespace postmortem::test
