// Where the layouts of the kernel's structs may come from, apart from a vmlinux.
#pragma once

#include <filesystem>

namespace postmortem {

struct TypeSources {
    /// The BTF that the dump holds. Tests turn it off, to see what kernels that were built without it give.
    bool btf = true;
    /// Type files: the one that `extract` put into the dump, and those beside it, in the user's cache and in
    /// /usr/share/postmortem/types.
    bool files = true;
    /// A type file, or a folder of them that is searched first. A file of another build is an error.
    std::filesystem::path given;
    /// Write what a vmlinux gave to the user's cache ($XDG_CACHE_HOME/postmortem/types), so that the next
    /// dump of that kernel needs no vmlinux. Whether that succeeds makes no difference.
    bool keep = false;
    /// Types are to be shown, with members that nothing in this library asks for: a vmlinux goes before a type
    /// file, and its DWARF is read as it is. Costs a pass over the DWARF.
    bool whole = false;
};

}  // namespace postmortem
