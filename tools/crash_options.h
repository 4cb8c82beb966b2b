// What crash takes and postmortem does not, and why: whoever knows crash is told what to ask instead.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tool {

/// The sentence for the first of these words that is such an option; nothing where none is.
std::optional<std::string> why_refused(std::string_view command, const std::vector<std::string>& words);

/// The same of a command.
std::optional<std::string> why_no_command(std::string_view name);

}  // namespace tool
