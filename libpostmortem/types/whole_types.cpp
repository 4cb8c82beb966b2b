#include "types/whole_types.h"

#include <fmt/format.h>

#include "types/btf.h"

namespace postmortem {

std::optional<Error> why_types_lack_members(const TypeFinder& types) {
    if (auto damage = types.damage()) return damage;
    if (!types.is_excerpt()) return std::nullopt;
    return Error(ErrorCode::MissingDebugInfo,
                 fmt::format("members that no command needs are not in the {}; a vmlinux has them all",
                             types.source()));
}

}  // namespace postmortem
