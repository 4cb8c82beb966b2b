// Register dumps: "RAX: 0123 RBX: ...", "x29: ...", "GPR00: ... ...", "Krnl GPRS: ... ...", " gp : ...".
#pragma once

#include <string_view>
#include <vector>

#include <postmortem/log_analysis.h>

namespace postmortem {

/// Reads a report's lines one by one and keeps the first dump; a later one is user space's.
class RegisterReader {
  public:
    void read(std::string_view line, std::vector<LogRegister>& registers);

  private:
    bool add(std::string_view name, std::uint64_t value, std::vector<LogRegister>& registers);

    bool done_ = false;
    std::size_t row_ = 0;  // s390: the number of the next register
};

}  // namespace postmortem
