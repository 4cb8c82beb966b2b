// How a number of an enumerated type reads.
#pragma once

#include <cstdint>
#include <string>

#include "types/type.h"

namespace postmortem {

/// The enumerator of that value; of a type whose enumerators are bits those that are set: "(A | B)"; else
/// the number.
std::string enumerator_text(const Type& type, std::int64_t value);

}  // namespace postmortem
