// Where the layouts of the kernel's structs may come from, apart from a vmlinux.
#pragma once

namespace postmortem {

struct TypeSources {
    /// The BTF that the dump holds. Tests turn it off, to see what kernels that were built without it give.
    bool btf = true;
};

}  // namespace postmortem
