// Whether types know but some members of some structs, so that nothing follows from what they do not know.
#pragma once

#include "types/type_finder.h"

namespace postmortem {

inline bool are_partial(const TypeFinder& types) {
    const auto why = types.damage();
    return why && why->code == ErrorCode::MissingDebugInfo;
}

}  // namespace postmortem
