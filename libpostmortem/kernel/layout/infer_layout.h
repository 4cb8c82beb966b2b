// Types for a kernel that came with none: where the members of its structs lie is concluded from what lies in
// them. Nothing is known of this kernel but its symbols; no release decides anything.
#pragma once

#include <memory>

#include "kernel/kernel.h"
#include "kernel/layout/findings.h"

namespace postmortem {

struct InferredLayout {
    Findings findings;
    std::size_t tasks = 0;
};

/// Asks the kernel for no types and no modules. Errors: why nothing could be inferred.
Result<InferredLayout> infer_layout(const Kernel& kernel);

/// The same as types. `why` tells why there are no others, and what would bring them.
Result<std::unique_ptr<TypeFinder>> infer_types(const Kernel& kernel, const Error& why);

}  // namespace postmortem
