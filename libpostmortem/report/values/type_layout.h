// Declarations of structs, unions, enums and typedefs.
#pragma once

#include <postmortem/type_layout.h>

#include "types/type_finder.h"

namespace postmortem {

/// `id` is a struct, union, enum or typedef as it was found by its name.
TypeLayout make_type_layout(const TypeFinder& types, TypeId id);

}  // namespace postmortem
