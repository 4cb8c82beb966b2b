// Where `dis` starts: "schedule", "schedule+5", "ffffffff9fe114f0", "(schedule+5)".
#pragma once

#include <optional>
#include <string_view>
#include <utility>

#include "kernel/kernel.h"

namespace postmortem {

struct CodeAddress {
    std::uint64_t address = 0;
    bool is_symbol = false;  ///< the word is the name of a symbol, and no more
    std::optional<std::pair<std::uint64_t, std::uint64_t>> routine;  ///< that it is in: first byte, end
    bool in_module = false;
};

/// NotFound, InvalidArgument.
Result<CodeAddress> code_address(const Kernel& kernel, std::string_view word);

}  // namespace postmortem
