// What says nothing beside something else that was given, as in crash: it is left out, and whoever asks is
// told.
#pragma once

#include <string>
#include <vector>

#include "option_rules.h"

namespace tool {

/// Takes these out of `given` and `operands`, a sentence for each.
std::vector<std::string> pass_over(const OptionRules& rules, const std::vector<Option>& own,
                                   GivenOptions& given, std::vector<std::string>& operands);

}  // namespace tool
