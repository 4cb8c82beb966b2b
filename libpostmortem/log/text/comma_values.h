// Lines of comma-separated values, as databases and spreadsheets write logs out.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace postmortem {

/// The fields of a line that begins with a quoted one; false where it is none.
bool split_comma_values(std::string_view line, std::vector<std::string>& fields);

}  // namespace postmortem
