// A struct page as crash prints it.
#pragma once

#include <string>

#include <postmortem/kernel_memory.h>

namespace postmortem {

inline constexpr const char* page_row_heading =
    "      PAGE       PHYSICAL      MAPPING       INDEX CNT FLAGS\n";
std::string page_row_line(const PageRow& row);

}  // namespace postmortem
