// Whether a type can be shown whole: with every member that the kernel's own has.
#pragma once

#include <optional>

#include "types/type_finder.h"

namespace postmortem {

/// Why it may lack members: the types are damaged, were inferred, or are an excerpt. Nothing where they are
/// the kernel's own.
std::optional<Error> why_types_lack_members(const TypeFinder& types);

}  // namespace postmortem
