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
/// "data-race in f [m] / g [m]" without the modules: the same code may be built in.
std::string without_modules(std::string_view title);

std::string stable_title(std::string_view title);

}  // namespace postmortem
