// What holds a machine up, in one sentence: `hang` has it on top, `report` shows it.
#pragma once

#include <string>
#include <vector>

namespace postmortem {

struct HangVerdict {
    std::string kind;      ///< "deadlock", "stuck CPU", …
    std::string sentence;  ///< Untrusted
    std::vector<std::string> because;
};

}  // namespace postmortem
