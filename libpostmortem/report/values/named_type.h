// Types as people name them.
#pragma once

#include <string_view>

#include "types/type_finder.h"

namespace postmortem {

enum class NamedKind : std::uint8_t { Any, Struct, Union };

/// "task_struct", "atomic_t": a struct, union or enum, or a typedef. NotFound names the nearest.
Result<TypeId> find_named_type(const TypeFinder& types, std::string_view name,
                               NamedKind kind = NamedKind::Any);

/// The offset of "task_struct.tasks", which may name a member of a member.
Result<std::uint64_t> offset_of_member(const TypeFinder& types, std::string_view type_and_member);

}  // namespace postmortem
