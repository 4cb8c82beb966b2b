// What is named on the shell's command line, in any order: told apart by content, as crash does.
#pragma once

#include <string>
#include <vector>

namespace tool::shell {

struct Operands {
    std::vector<std::string> dumps;        ///< a dump, or the parts of one
    std::vector<std::string> vmlinux;      ///< kernel images with symbols or debug information
    std::vector<std::string> system_maps;  ///< lists of symbols
};

/// What is neither an ELF kernel image nor a System.map is taken for a dump.
Operands sort_operands(const std::vector<std::string>& names);

}  // namespace tool::shell
