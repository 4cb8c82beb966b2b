// Runs the postmortem program as a user does: what it prints, what it complains of, how it ends.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace postmortem::test {

struct ProgramResult {
    int exit_code = -1;  ///< 128 + N where signal N ended it
    std::string out;
    std::string err;
};

/// With no more address space than that, where it is not 0.
ProgramResult run_postmortem(const std::vector<std::string>& arguments, std::uint64_t kibibytes = 0);

}  // namespace postmortem::test
