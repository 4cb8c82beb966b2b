// The months' short names in the languages that logs are written in.
#pragma once

#include <string_view>

namespace postmortem {

/// 1 to 12 for "Jan", "janv.", "10月"; 0 for what is no month in any language of the table.
int month_number(std::string_view word);

}  // namespace postmortem
