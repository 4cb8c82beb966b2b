// Titles: templates filled in, and numbers, addresses and other accidents taken out.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace postmortem {

/// Puts "{1}".. and "{frame}", "{frame2}" in their places.
std::string fill_title(std::string_view form, std::span<const std::string> captures,
                       std::span<const std::string> frames);

/// The title as it is shown: what differs from run to run becomes ADDR, IP, LINE, NUM or CPU; control
/// characters and double blanks go; at most 120 characters.
std::string stable_title(std::string_view title);

}  // namespace postmortem
