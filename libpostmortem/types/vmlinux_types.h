// The types of a vmlinux: its BTF, else what of its DWARF anybody asks for.
#pragma once

#include "symbols/vmlinux.h"
#include "types/type_file.h"

namespace postmortem {

/// Errors: MissingDebugInfo where the file has neither; Corrupt. `plain_char_is_signed` is open_btf()'s, here
/// and below.
Result<TypeFile> make_type_file(const Vmlinux& vmlinux, bool plain_char_is_signed);

/// The BTF as it is, or of the DWARF an excerpt; `keep` writes that to the user's cache for the next time,
/// where it can be written. `dumps` is the build that the dump tells, for what the file does not. Errors as
/// above.
Result<std::unique_ptr<TypeFinder>> open_vmlinux_types(const Vmlinux& vmlinux, const KernelBuild& dumps,
                                                       bool keep, bool plain_char_is_signed);

/// The same without leaving anything out, and at the cost of the first name. `vmlinux` must outlive the
/// finder.
Result<std::unique_ptr<TypeFinder>> open_whole_vmlinux_types(const Vmlinux& vmlinux,
                                                             bool plain_char_is_signed);

}  // namespace postmortem
