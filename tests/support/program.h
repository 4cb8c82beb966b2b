// Runs the postmortem program as a user does: what it prints, what it complains of, how it ends.
#pragma once

#include <string>
#include <vector>

namespace postmortem::test {

struct ProgramResult {
    int exit_code = -1;  ///< 128 + N where signal N ended it
    std::string out;
    std::string err;
};

ProgramResult run_postmortem(const std::vector<std::string>& arguments);

}  // namespace postmortem::test
