// One struct as text, which lists and trees print, too.
#pragma once

#include <string>

#include <postmortem/struct_view.h>

namespace postmortem {

std::string instance_text(const StructInstance& instance, const std::string& type, const StructStyle& style);

}  // namespace postmortem
