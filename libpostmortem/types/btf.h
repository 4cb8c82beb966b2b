// Types from BTF, the compact type information that kernels carry in their own memory
// (CONFIG_DEBUG_INFO_BTF).
#pragma once

#include <memory>
#include <vector>

#include "base/bytes.h"
#include "types/type_finder.h"

namespace postmortem {

/// Takes the bytes of a .BTF section (the kernel's __start_BTF to __stop_BTF, or a vmlinux's section).
/// `source` names where they come from. Errors: Corrupt.
Result<std::unique_ptr<TypeFinder>> open_btf(std::vector<std::byte> bytes, std::string source);

}  // namespace postmortem
