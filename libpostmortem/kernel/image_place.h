// Where the kernel's image lies, by what VMCOREINFO tells, and whether it does.
#pragma once

#include <array>
#include <cstddef>

#include "dump/vmcoreinfo.h"
#include "memory/address_space.h"
#include "symbols/kallsyms.h"

namespace postmortem {

/// struct uts_namespace has the names of the system within so many bytes.
using UtsNames = std::array<std::byte, 512>;

/// Whether they hold the release that VMCOREINFO tells.
bool have_release(const UtsNames& names, const VmcoreInfo& info);

/// Whether init_uts_ns can be read there, and holds that release.
bool shows_kernel(const AddressSpace& memory, const VmcoreInfo& info);

/// Where the kernel's own symbols are: told since 6.0, before that searched for in the image. Errors: as
/// find_kallsyms(); MissingDebugInfo where VMCOREINFO does not tell where the image lies.
Result<KallsymsLocation> kallsyms_location(const AddressSpace& memory, const VmcoreInfo& info);

/// Errors: Corrupt where something else lies where VMCOREINFO has the kernel: each answer would be read from
/// other memory. Nothing is said against an image of which too little could be read.
Result<void> check_image_place(const AddressSpace& memory, const VmcoreInfo& info);

}  // namespace postmortem
