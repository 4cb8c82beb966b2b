// Types of modules: the BTF that each brings along (kernel/bpf/btf.c, struct btf_module; since 5.11,
// 36e68442d1af).
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "kernel/kernel.h"

namespace postmortem {

/// The types of a module and of the kernel. NotFound where the module is not loaded or brought none. Borrows
/// the kernel's own types.
Result<std::unique_ptr<TypeFinder>> read_module_types(const Kernel& kernel, std::string_view module);

/// The same of the first module whose types `fits` accepts. NotFound where none does; what was missing where
/// the types of one could not be read.
Result<std::unique_ptr<TypeFinder>> find_module_types(const Kernel& kernel,
                                                      const std::function<bool(const TypeFinder&)>& fits);

}  // namespace postmortem
