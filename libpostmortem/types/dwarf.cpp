#include "types/dwarf.h"

namespace postmortem {

Result<std::unique_ptr<TypeFinder>> open_dwarf(const Vmlinux& vmlinux) {
    if (auto dwarf = vmlinux.dwarf(); !dwarf) return fail(std::move(dwarf.error()));
    return fail(ErrorCode::Unsupported, "types from DWARF are not read yet");
}

}  // namespace postmortem
