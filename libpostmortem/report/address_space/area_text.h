// An area of a task's memory as crash prints it.
#pragma once

#include <string>

#include <postmortem/address_spaces.h>

namespace postmortem {

/// `virtual_digits` is how wide the columns of addresses are.
std::string area_heading(unsigned virtual_digits = 10);
std::string area_line(const UserArea& area, unsigned virtual_digits = 10);

}  // namespace postmortem
