// What stands in front of a message and is no shape of the table: told by its looks, which are the same in
// every line. A run of digits looks like another, and so does a run of blanks.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace postmortem {

/// "kern.log:9:" for "kern.log:127:"
std::string look_of(std::string_view text);

/// What the lines of a table or a trace have in common is their own: no front.
bool may_be_front(std::string_view look);

/// How much of `text` stands in front of the prefix (of the table's shapes) that reaches as far as `end`; all
/// of `end` where there is none.
std::size_t unknown_part(std::string_view text, std::size_t end, bool bare_dates);

constexpr std::size_t most_fronts = 4;

/// How much of `text` looks like that; 0 where its beginning does not.
std::size_t front_length(std::string_view text, std::string_view look);

/// Fronts that the lines of a log have: in front of lines that only the kernel's reports hold, and of nearly
/// all others there. At most a few.
std::vector<std::string> find_fronts(const std::vector<std::string>& texts);

}  // namespace postmortem
