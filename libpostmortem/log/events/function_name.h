// What a symbol is called when compilers, ABIs and languages have added nothing to it.
#pragma once

#include <string>
#include <string_view>

namespace postmortem {

/// Without what the compiler appended (".isra.0", ".constprop.3", ".cold", ".part.7", ".llvm.123") and
/// without the dot that the first ppc64 ABI puts in front.
std::string_view without_compiler_suffix(std::string_view symbol);

/// The function behind a system call's wrappers: "__x64_sys_ioctl" and "__arm64_sys_ioctl" give "sys_ioctl",
/// "SyS_pause" gives "pause". The wrappers differ between architectures and releases, the call does not.
std::string_view without_syscall_prefix(std::string_view function);

/// Reads a Rust v0 symbol ("_RNv...") as a path without hashes; any other name comes back as it is.
std::string demangled(std::string_view symbol);

/// Functions that tell nothing of a bug: reporting machinery, allocators, locks, string and list helpers,
/// common wrappers. syzkaller leaves them out of its titles, and so do titles and signatures here.
bool is_uninformative(std::string_view function);

}  // namespace postmortem
